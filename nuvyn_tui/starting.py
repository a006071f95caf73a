"""Starting jobs from the app: the demo, and a stored payload once more. These block; call them in a thread."""

from __future__ import annotations

from core.errors import JobError
from core.house import House


def start_demo(house: House) -> str:
    """Make the demo's lake anew and queue its payload; returns the job's id."""
    from core.demo.prepare import prepare_demo
    from core.jobs.requests import create
    from core.payload.load import parse

    job = parse(prepare_demo(house.settings.home / "demo-lake").read_text()).job
    assert job is not None, "the demo's payload is valid"
    return create(house.store, job)


def start_again(house: House, job_id: str) -> str:
    """Queue a stored job's payload as a new job; returns that one's id.

    Raises:
        JobError: the payload carried a secret, which was not stored.
    """
    from core.jobs.requests import create, lost_secrets, stored_job

    record = house.store.job(job_id)
    job = stored_job(house.settings, record)
    if lost_secrets(job):
        raise JobError(
            "this payload carried a secret, which was not stored",
            hint="open it with p, put the secret into a connection or a variable, and run it from there",
        )
    return create(house.store, job, write_to_db=record.write_to_db)
