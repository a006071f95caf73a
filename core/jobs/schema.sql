CREATE TABLE IF NOT EXISTS jobs (
    job_id TEXT PRIMARY KEY, workflow_id TEXT NOT NULL, tenant_id TEXT NOT NULL, state TEXT NOT NULL,
    payload TEXT NOT NULL, write_to_db INTEGER NOT NULL, created_at REAL NOT NULL, started_at REAL, ended_at REAL,
    owner TEXT, lease_until REAL, cancel_requested INTEGER NOT NULL DEFAULT 0, error TEXT, answer TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, created_at);
CREATE INDEX IF NOT EXISTS jobs_by_time ON jobs (created_at, job_id);
CREATE INDEX IF NOT EXISTS jobs_by_workflow ON jobs (workflow_id, created_at, job_id);
CREATE INDEX IF NOT EXISTS jobs_by_tenant ON jobs (tenant_id, created_at, job_id);
CREATE INDEX IF NOT EXISTS jobs_by_end ON jobs (ended_at, started_at);
CREATE TABLE IF NOT EXISTS sources (
    job_id TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE, seq INTEGER NOT NULL, source_id TEXT NOT NULL,
    state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, started_at REAL, ended_at REAL, error TEXT, hint TEXT,
    result TEXT, PRIMARY KEY (job_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sources_by_state ON sources (state);
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE, source_id TEXT,
    at REAL NOT NULL, level TEXT NOT NULL, kind TEXT NOT NULL, message TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS events_by_job ON events (job_id, id);
CREATE TABLE IF NOT EXISTS progress (
    job_id TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE, seq INTEGER NOT NULL, phase TEXT NOT NULL,
    listed INTEGER NOT NULL, to_read INTEGER, done INTEGER NOT NULL, failed INTEGER NOT NULL,
    bytes_read INTEGER NOT NULL, requests INTEGER NOT NULL, tables INTEGER NOT NULL, updated_at REAL NOT NULL,
    PRIMARY KEY (job_id, seq)
) STRICT, WITHOUT ROWID;
-- What a source's run found, apart from its whole result: overviews sum these.
CREATE TABLE IF NOT EXISTS found (
    job_id TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE, seq INTEGER NOT NULL, files INTEGER NOT NULL,
    bytes INTEGER NOT NULL, tables INTEGER NOT NULL, columns INTEGER NOT NULL, PRIMARY KEY (job_id, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS source_cancels (
    job_id TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE, seq INTEGER NOT NULL, PRIMARY KEY (job_id, seq)
) STRICT, WITHOUT ROWID;
-- What the caller may name who had the job made through the API; a job of the operator has no row.
CREATE TABLE IF NOT EXISTS job_rules (
    job_id TEXT PRIMARY KEY REFERENCES jobs ON DELETE CASCADE, rules TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS job_keys (
    key TEXT PRIMARY KEY, job_id TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE, payload_hash TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS job_keys_by_job ON job_keys (job_id);
CREATE TABLE IF NOT EXISTS workers (
    owner TEXT PRIMARY KEY, started_at REAL NOT NULL, lease_until REAL NOT NULL
) STRICT, WITHOUT ROWID;
-- Whose turn it is with a source: of all jobs that run one of the same workflow and name, the smallest ticket's. A job
-- takes the tickets of all its sources at once, so that no two jobs can wait for each other.
CREATE TABLE IF NOT EXISTS turns (
    ticket INTEGER PRIMARY KEY AUTOINCREMENT, workflow_id TEXT NOT NULL, source_id TEXT NOT NULL,
    job_id TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE, seq INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS turns_by_source ON turns (workflow_id, source_id, ticket);
CREATE INDEX IF NOT EXISTS turns_by_job ON turns (job_id);
