"""Examples of each command, shown at the end of its help; tests parse every one of them."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "init": ("nuvyn init",),
    "run": ("nuvyn run payload.json", "cat payload.json | nuvyn run - --json", "nuvyn run payload.json --dry-run"),
    "inspect": ("nuvyn inspect ./exports", "nuvyn inspect s3://bucket/sales --json", "nuvyn inspect orders.csv"),
    "validate": ("nuvyn validate payload.json", "nuvyn validate - --json < payload.json"),
    "jobs": ("nuvyn jobs", "nuvyn jobs --state failed", "nuvyn jobs --workflow retail --json"),
    "show": ("nuvyn show job_01KX", "nuvyn show job_01KX --follow", "nuvyn show job_01KX --json"),
    "cancel": ("nuvyn cancel job_01KX",),
    "retry": ("nuvyn retry job_01KX", "nuvyn retry job_01KX --accept-shrink"),
    "logs": ("nuvyn logs job_01KX", "nuvyn logs job_01KX --source lake --follow"),
    "worker": ("nuvyn worker", "nuvyn worker --once", "nuvyn worker --idle 60"),
    "query": (
        'nuvyn query "SELECT table_name, row_count FROM tables"',
        "nuvyn query --saved sources --workflow demo",
        'nuvyn query "SELECT * FROM columns" -f parquet -o columns.parquet',
    ),
    "export": ("nuvyn export ./catalog", "nuvyn export ./catalog -f csv --workflow retail"),
    "forget": ("nuvyn forget retail old-lake", "nuvyn forget retail --yes"),
    "sync": ("nuvyn sync", "nuvyn sync retail --dry-run", "nuvyn sync retail --target main.metadata --verify"),
    "schema": ("nuvyn schema validate", "nuvyn schema create --databricks"),
    "serve": ("nuvyn serve", "nuvyn serve --host 0.0.0.0 --port 8080"),
    "web": ("nuvyn web", "nuvyn web --port 8081"),
    "connections": ("nuvyn connections list", "nuvyn connections test lake az://container"),
    "doctor": ("nuvyn doctor", "nuvyn doctor --offline --json"),
    "repair": ("nuvyn repair",),
    "config": ("nuvyn config show",),
    "completion": (
        "nuvyn completion bash >> ~/.bashrc",
        "nuvyn completion fish > ~/.config/fish/completions/nuvyn.fish",
    ),
    "demo": ("nuvyn demo",),
    "metadata_extraction": (
        "nuvyn metadata_extraction s3://bucket/sales aws_s3 default",
        'NUVYN_JOB_PAYLOAD="$(cat payload.json)" nuvyn metadata_extraction --write-to-db',
    ),
}
"""By the command's name."""


def epilog(name: str) -> str:
    """The examples of a command as its help has them."""
    lines = "\n".join(f"  {line}" for line in EXAMPLES[name])
    return f"\b\nExamples:\n{lines}"
