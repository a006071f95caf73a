"""`cli.md`: every command, from the command line's own tree."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

from core.cli.root import _COMMANDS, root
from docs.generate.markdown import block, code, codes, joined, page, table

_INTRO = """`nuvyn` alone opens [the app](../terminal.md). `--help` after any command shows what is here. The options of
`nuvyn` itself stand before the command."""
_AS_IT_IS = "\b"


def cli_page() -> str:
    """The page."""
    context = click.Context(root, info_name="nuvyn")
    commands = ((f"[{code(name)}](#nuvyn-{name})", about) for name, (_, about) in _COMMANDS.items())
    parts = [_INTRO, *_command(root, context), "## Commands", table(("command", "what it does"), commands)]
    for found, inner in _below(root, context):
        parts += [f"## {code(inner.command_path)}", *_command(found, inner)]
    return page("the commands of `core/cli`", "The command line", *parts)


def _below(group: click.Group, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    """Every command of a group, those of its groups after it."""
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if found is None or found.hidden:
            continue
        inner = click.Context(found, info_name=name, parent=context)
        yield found, inner
        if isinstance(found, click.Group):
            yield from _below(found, inner)


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    usage = " ".join((context.command_path, *command.collect_usage_pieces(context)))
    yield block(usage)
    yield from _paragraphs(command.help or "")
    options = [found for found in command.params if isinstance(found, click.Option) and not found.hidden]
    if options:
        yield table(("option", "value", "default", "meaning"), (_option(option, context) for option in options))
    yield from _paragraphs(command.epilog or "")


def _option(option: click.Option, context: click.Context) -> tuple[str, ...]:
    names = ", ".join(code(name) for name in (*option.opts, *option.secondary_opts))
    default = "" if option.is_flag else option.get_default(context)
    shown = code(default) if isinstance(default, str | int | float) and default != "" else ""
    return names, _values(option), shown, joined(option.help or "")


def _values(option: click.Option) -> str:
    """What an option takes; nothing for a flag."""
    if option.is_flag:
        return ""
    kind = option.type
    if isinstance(kind, click.Choice) and option.metavar is None:
        found = codes(kind.choices)
    elif isinstance(kind, click.IntRange | click.FloatRange):
        found = f"{kind.min} or more" if kind.max is None else f"{kind.min} to {kind.max}"
    else:
        found = code(option.metavar or (option.name or "").upper().replace("_", "-"))
    return f"{found}, any number of them" if option.multiple else found


def _paragraphs(text: str) -> Iterator[str]:
    """A help text as Markdown; what keeps its lines there is a block here."""
    for part in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        kept, lines = part.startswith(_AS_IT_IS), part.replace(_AS_IT_IS, "").strip("\n")
        if kept and lines.startswith("Examples:\n"):
            yield block(inspect.cleandoc(lines.partition("\n")[2]), "shell")
        elif lines:
            yield joined(lines)
