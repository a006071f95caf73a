"""Starting the server."""

from __future__ import annotations

import os
from collections.abc import Callable

from core.errors import UsageError
from core.house import House
from core.listening import address_of, listen, token_of

_GRACE_S = 2


def serve(house: House, host: str, port: int, started: Callable[[str], None]) -> None:
    """Answer calls until stopped (SIGINT, SIGTERM); `started` is told the server's URL.

    Raises:
        UsageError: it cannot listen there, or the extra is not installed.
    """
    try:
        import uvicorn

        from core.api.app import make_app
    except ImportError as error:
        raise UsageError(f"the server needs {error.name}", hint="pip install 'nuvyn[api]'") from None
    token = token_of(os.environ)
    with listen(host, port, token) as listening:
        app = make_app(house, token=token, hosts=(host,) if host else (), origins=house.settings.api_origins)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
            proxy_headers=False,
        )
        started(address_of(listening))
        uvicorn.Server(config).run(sockets=[listening])
