"""`nuvyn completion`: the script that makes a shell complete commands, options and what is in the home folder."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem, get_completion_class

_MOST_JOBS = 50


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes SHELL complete nuvyn's commands, options, job ids and names of connections.

    Put it where the shell reads it when it starts, and open a new one.
    """
    script = get_completion_class(shell)
    assert script is not None, "click knows these shells"
    click.echo(script(ctx.find_root().command, {}, "nuvyn", "_NUVYN_COMPLETE").source())


def job_ids(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The newest jobs of the home folder; none when there is no store that can be read."""
    from core.errors import NuvynError
    from core.jobs.store import JobStore
    from core.settings import load_settings

    try:
        found = load_settings(home=ctx.find_root().params.get("home"))
        if not found.jobs.exists():
            return []
        store = JobStore(found.jobs)
    except NuvynError:
        return []
    try:
        jobs = store.jobs(limit=_MOST_JOBS)
    finally:
        store.close()
    return [
        CompletionItem(job.job_id, help=f"{job.workflow_id}, {job.state.value}")
        for job in jobs
        if job.job_id.startswith(incomplete)
    ]


def connection_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The connections of the config file."""
    from core.errors import NuvynError
    from core.settings import load_settings

    try:
        names = sorted(load_settings(home=ctx.find_root().params.get("home")).connections)
    except NuvynError:
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
