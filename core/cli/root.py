"""The root command, its lazily loaded subcommands, and how errors are shown."""

from __future__ import annotations

import difflib
import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from core import __version__
from core.cli.examples import epilog
from core.errors import NuvynError, UsageError

if TYPE_CHECKING:
    from core.settings import Settings

CANCELLED = 130

_COMMANDS = {
    "run": ("core.cli.run:run", "Run a payload and show it live."),
    "inspect": ("core.cli.inspect:inspect_command", "Show what one file or folder is, and why."),
    "validate": ("core.cli.validate:validate", "Check a payload without running it."),
    "jobs": ("core.cli.jobs:jobs", "List jobs, newest first."),
    "show": ("core.cli.jobs:show", "Show a job and what its sources hold."),
    "cancel": ("core.cli.jobs:cancel", "Cancel a job."),
    "retry": ("core.cli.run:retry", "Run again what of a job failed or was cancelled."),
    "logs": ("core.cli.jobs:logs", "Print what happened in a job."),
    "worker": ("core.cli.worker:worker", "Run queued jobs, and jobs whose worker died."),
    "query": ("core.cli.query:query", "Ask the mirror in SQL."),
    "export": ("core.cli.query:export", "Write every table of the mirror to a folder."),
    "forget": ("core.cli.forget:forget", "Take a source out of the mirror."),
    "sync": ("core.cli.sync:sync", "Send what the mirror holds to Databricks."),
    "schema": ("core.cli.schema:schema", "Compare or make the metadata schema."),
    "serve": ("core.cli.serve:serve", "Serve the HTTP API."),
    "web": ("core.cli.web:web", "Serve the app to browsers."),
    "connections": ("core.cli.connections:connections", "List and test the connections of the config file."),
    "doctor": ("core.cli.doctor:doctor", "Tell what is well and what is not."),
    "repair": ("core.cli.doctor:repair", "Mend a job store or mirror that cannot be read."),
    "init": ("core.cli.init:init", "Write a connection into the config file."),
    "completion": ("core.cli.completion:completion", "Print what makes a shell complete nuvyn's words."),
    "config": ("core.cli.config:config", "Show the settings and where each came from."),
    "demo": ("core.cli.demo:demo", "Make a small lake and run a payload on it."),
    "metadata_extraction": ("core.cli.legacy:metadata_extraction", "Run as the executor's main.py did."),
}
"""Where each subcommand is, and its line in the help, so that showing the help imports none of them."""


class _LazyGroup(click.Group):
    """Imports a subcommand's module only when that subcommand is called or listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        command.epilog = epilog(cmd_name)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Options, and the commands with their lines, for which nothing needs to be imported."""
        names = [CompletionItem(n, help=about) for n, (_, about) in _COMMANDS.items() if n.startswith(incomplete)]
        return names if not incomplete.startswith("-") else super().shell_complete(ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in _COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], _COMMANDS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else " `nuvyn --help` lists the commands."
            raise click.UsageError(f"No such command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=_LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `nuvyn demo`: it needs no network and no credentials.",
)
@click.version_option(__version__, "-V", "--version", message="nuvyn %(version)s")
@click.option("--home", metavar="FOLDER", help="Where nuvyn keeps everything (default: NUVYN_HOME).")
@click.option("-v", "--verbose", is_flag=True, help="Write the log to standard error too.")
@click.option("-q", "--quiet", is_flag=True, help="Tell only what went wrong; the exit status tells the rest.")
@click.pass_context
def root(ctx: click.Context, home: str | None, verbose: bool, quiet: bool) -> int:
    """Find out what is really in data lakes and databases: tables, columns, types, rows.

    A payload names a workflow and its sources; `nuvyn run` reads them into a local catalog
    that `nuvyn query` answers from. Without a command, the terminal app opens.
    """
    app = ctx.ensure_object(dict).get("app")
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        ctx.color = False
    ctx.obj |= {"home": home, "verbose": verbose, "quiet": quiet}
    if ctx.invoked_subcommand is not None:
        return 0
    if app is None or not (sys.stdin.isatty() and sys.stdout.isatty()):
        click.echo(ctx.get_help())
        return 0
    from core.cli.context import settings

    status: int = app(settings())
    return status


def run(
    arguments: list[str],
    *,
    app: Callable[[Settings], int] | None = None,
    web: Callable[[Settings, str, int], int] | None = None,
) -> int:
    """Run the command line; returns the exit status and shows every designed error."""
    try:
        result = root.main(arguments, prog_name="nuvyn", standalone_mode=False, obj={"app": app, "web": web})
        return result if isinstance(result, int) else 0
    except click.exceptions.Abort:
        return CANCELLED
    except KeyboardInterrupt:
        return CANCELLED
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except BrokenPipeError:
        # Whoever read our output has gone; leave quietly, as other tools do.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except NuvynError as error:
        return show_error(error, as_json="--json" in arguments)
    except Exception as error:
        return show_error(_unexpected(error), as_json="--json" in arguments)


def _unexpected(error: Exception) -> NuvynError:
    """A fault of nuvyn itself: the traceback goes to the log (masked there), not over the screen."""
    import logging

    if isinstance(error, ModuleNotFoundError):
        return NuvynError(
            f"the package {error.name} is not installed in {sys.executable}", hint="install nuvyn there: pip install ."
        )
    if logging.getLogger().handlers:
        logging.getLogger(__name__).error("unexpected error", exc_info=error)
        return NuvynError(
            f"unexpected {type(error).__name__}: {error}", hint="logs/nuvyn.log in the home folder has the details"
        )
    return NuvynError(f"unexpected {type(error).__name__}: {error}")


def show_error(error: NuvynError, *, as_json: bool) -> int:
    """Show a designed error on standard error (and as JSON on standard output) and give its status."""
    from core.secrets import mask

    if getattr(error, "shown", False):
        return 2
    message, hint = mask(error.message), mask(error.hint)
    if as_json:
        entry = {"message": message, "hint": hint}
        click.echo(json.dumps({"error": message, "status": "error", "errors": [entry]}))
    click.echo(f"error: {message}", err=True)
    if hint:
        click.echo(f"  hint: {hint}", err=True)
    return 2 if isinstance(error, UsageError) else 1
