"""Who may open the app in a browser."""

from __future__ import annotations

import http.client
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.command import ROOT, Nuvyn
from tests.servers.web import Web

TOKEN = "canary-token-8b1d77e0"
SOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def asked(
    web: Web, path: str, headers: dict[str, str] | None = None, *, form: str | None = None
) -> tuple[int, http.client.HTTPMessage, str]:
    parts = urlsplit(web.url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    sent = dict(headers or {}) | ({"Content-Type": "application/x-www-form-urlencoded"} if form else {})
    connection.request("POST" if form else "GET", path, form, sent)
    answer = connection.getresponse()
    # A socket that was let in stays open.
    text = "" if answer.status == 101 else answer.read().decode()
    connection.close()
    return answer.status, answer.headers, text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 101),
        ({"Origin": "SELF"}, 101),
        ({"Origin": "http://evil.example"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 403),
    ],
)
def test_without_a_token_only_this_machine_by_its_own_names(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    with Web(Nuvyn(tmp_path)) as web:
        given = {name: value.replace("SELF", web.url) for name, value in headers.items()}
        assert asked(web, "/ws?width=80&height=24", SOCKET | given)[0] == status
        assert asked(web, "/", given)[0] == (200 if status == 101 else 403)


def test_with_a_token_a_browser_logs_in_once(tmp_path: Path) -> None:
    with Web(Nuvyn(tmp_path), ("--host", "0.0.0.0"), env={"NUVYN_API_TOKEN": TOKEN}) as web:
        status, headers, text = asked(web, "/")
        assert status == 401 and 'name="token"' in text
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        for path in ("/ws", "/static/js/textual.js", "/download/x"):
            assert asked(web, path, SOCKET if path == "/ws" else None)[0] == 401, path
        status, _, text = asked(web, "/login", form="token=wrong")
        assert status == 401 and "not the server&#39;s token" in text.replace("'", "&#39;")
        status, headers, _ = asked(web, "/login", form=f"token={TOKEN}")
        assert (status, headers["Location"]) == (303, "/")
        cookie = headers["Set-Cookie"]
        assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and TOKEN not in cookie
        given = {"Cookie": cookie.partition(";")[0]}
        assert asked(web, "/", given)[0] == 200
        assert asked(web, "/ws", SOCKET | given)[0] == 101
        assert asked(web, "/ws", SOCKET | given | {"Origin": "http://evil.example"})[0] == 403
        assert asked(web, "/", {"Cookie": "nuvyn=" + TOKEN})[0] == 401


def test_it_refuses_to_listen_to_others_without_a_token(tmp_path: Path) -> None:
    import subprocess
    import sys

    ran = subprocess.run(
        [sys.executable, "-m", "nuvyn_tui.main", "web", "--host", "0.0.0.0", "--port", "0"],
        capture_output=True,
        text=True,
        env=Nuvyn(tmp_path).environ(),
        cwd=ROOT,
        timeout=60,
    )
    assert ran.returncode == 2 and "NUVYN_API_TOKEN" in ran.stderr


def test_the_page_asks_no_other_server_for_anything(tmp_path: Path) -> None:
    with Web(Nuvyn(tmp_path)) as web:
        text = asked(web, "/")[2]
        assert "http://" not in text and "https://" not in text
        assert f"ws://{urlsplit(web.url).netloc}/ws" in text
