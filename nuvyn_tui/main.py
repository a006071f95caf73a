"""The `nuvyn` command: the command line, and the app when it is called without a subcommand."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.settings import Settings


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    from core.cli.main import main as command_line

    command_line(arguments, app=open_app, web=open_web)


def open_app(settings: Settings) -> int:
    """Open the app on the home folder of these settings until it is left."""
    from core.house import House
    from core.logs import start_log
    from nuvyn_tui.app import NuvynApp

    with House(settings) as house:
        start_log(settings)
        app = NuvynApp(house)
        app.run()
        return app.return_code or 0


def open_web(settings: Settings, host: str, port: int) -> int:
    """Serve the app to browsers until stopped.

    Raises:
        UsageError: it cannot listen there, or the extra is not installed.
    """
    from core.errors import UsageError

    try:
        from nuvyn_tui.web.server import serve_web
    except ImportError as error:
        raise UsageError(f"the app in a browser needs {error.name}", hint="pip install 'nuvyn[web]'") from None
    return serve_web(settings, host, port)


if __name__ == "__main__":
    main()
