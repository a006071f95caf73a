-- The metadata schema, the same names here and on Databricks. No primary keys: they would make
-- the file many times larger; uniqueness is held by replacing a source's rows as a whole.
CREATE SCHEMA IF NOT EXISTS $PUBLIC;
CREATE TABLE IF NOT EXISTS $PUBLIC.sources (
    workflow_id VARCHAR, source_id VARCHAR, source_path VARCHAR, source_type VARCHAR,
    extraction_timestamp TIMESTAMP, files_found BIGINT, total_size_bytes BIGINT, tables_found BIGINT,
    columns_found BIGINT, files_failed BIGINT, job_id VARCHAR, duration_s DOUBLE
);
CREATE TABLE IF NOT EXISTS $PUBLIC.tables (
    workflow_id VARCHAR, source_id VARCHAR, table_name VARCHAR, file_path VARCHAR, file_type VARCHAR,
    row_count BIGINT, column_count BIGINT, size_bytes BIGINT, file_count BIGINT, row_count_source VARCHAR,
    partition_columns VARCHAR[], grouping VARCHAR, warnings VARCHAR[], comment VARCHAR, properties VARCHAR
);
-- A mirror that an older nuvyn made lacks it.
ALTER TABLE $PUBLIC.tables ADD COLUMN IF NOT EXISTS properties VARCHAR;
CREATE TABLE IF NOT EXISTS $PUBLIC.columns (
    workflow_id VARCHAR, source_id VARCHAR, table_name VARCHAR, column_name VARCHAR, data_type VARCHAR,
    position INTEGER, is_nullable BOOLEAN, sample_values VARCHAR[], is_partition BOOLEAN,
    is_primary_key BOOLEAN, native_type VARCHAR, type_source VARCHAR, present_in_files BIGINT,
    type_variants VARCHAR[], comment VARCHAR
);
CREATE TABLE IF NOT EXISTS $PUBLIC.files (
    workflow_id VARCHAR, source_id VARCHAR, file_path VARCHAR, size_bytes BIGINT, last_modified TIMESTAMP,
    etag VARCHAR, file_type VARCHAR, table_name VARCHAR, row_count BIGINT, schema_fingerprint VARCHAR,
    status VARCHAR, error VARCHAR
);
CREATE TABLE IF NOT EXISTS $PUBLIC.executor_runs (
    run_id VARCHAR, executor_version VARCHAR, workflow_id VARCHAR, source_id VARCHAR, run_mode VARCHAR,
    status VARCHAR, error_message VARCHAR, started_at TIMESTAMP, finished_at TIMESTAMP, attempts BIGINT,
    files_read BIGINT, files_unchanged BIGINT, requests BIGINT
);
CREATE TABLE IF NOT EXISTS $PUBLIC.schema_changes (
    workflow_id VARCHAR, source_id VARCHAR, job_id VARCHAR, detected_at TIMESTAMP, table_name VARCHAR,
    column_name VARCHAR, change VARCHAR, old_value VARCHAR, new_value VARCHAR
);

-- What only nuvyn itself needs: the memory that lets an unchanged file go unread.
CREATE SCHEMA IF NOT EXISTS $INTERNAL;
CREATE TABLE IF NOT EXISTS $INTERNAL.readings (
    workflow_id VARCHAR, source_id VARCHAR, file_path VARCHAR, part VARCHAR, row_count BIGINT,
    row_count_source VARCHAR, schema_key VARCHAR, warnings VARCHAR[], properties VARCHAR
);
ALTER TABLE $INTERNAL.readings ADD COLUMN IF NOT EXISTS properties VARCHAR;
CREATE TABLE IF NOT EXISTS $INTERNAL.file_schemas (
    workflow_id VARCHAR, source_id VARCHAR, schema_key VARCHAR, columns VARCHAR
);
CREATE TABLE IF NOT EXISTS $INTERNAL.lakehouses (
    workflow_id VARCHAR, source_id VARCHAR, root VARCHAR, facts VARCHAR
);
CREATE TABLE IF NOT EXISTS $INTERNAL.snapshots (
    workflow_id VARCHAR, source_id VARCHAR, source_path VARCHAR, reader_key VARCHAR
);
