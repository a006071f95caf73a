"""Which addresses a caller's job may connect to."""

import ipaddress
import socket

import pytest

from core.sources.guard import Guard, Refused, is_public

PUBLIC = ("93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822", "::ffff:93.184.216.34")
CLOSED = (
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "100.100.100.200", "168.63.129.16", "192.0.0.192", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::1", "::", "fe80::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
    "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "::7f00:1", "2001:0:7f00:1::",
)  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_what_anyone_on_the_internet_may_have_is_let_through(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
    Guard().judge(address, [address])


@pytest.mark.parametrize("address", CLOSED)
def test_what_lies_inside_is_not(address: str) -> None:
    with pytest.raises(Refused, match="not open to callers"):
        Guard().judge(address, [address])


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::1]", "0"])
def test_however_a_loopback_address_is_written_it_is_judged_by_what_it_resolves_to(host: str) -> None:
    with pytest.raises(Refused):
        Guard().resolve(host, 80)


def test_hosts_and_networks_that_are_opened_are_let_through_and_nothing_beside_them() -> None:
    guard = Guard(["10.0.0.0/8", "db.internal", "127.0.0.1"])
    guard.judge("10.9.9.9", ["10.9.9.9"])
    guard.judge("db.internal", ["192.168.7.7"])
    assert guard.is_opened("127.0.0.1") and guard.is_opened("DB.internal.") and not guard.is_opened("127.0.0.2")
    with pytest.raises(Refused):
        guard.judge("192.168.7.8", ["192.168.7.8"])
    with pytest.raises(Refused):
        guard.judge("other.internal", ["93.184.216.34", "192.168.7.8"])


def test_a_connection_is_made_to_the_address_that_was_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name means a loopback address when asked a second time."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        answers = iter(["93.184.216.34", "127.0.0.1"])
        connected: list[str] = []

        def lookup(host: str, port: object, **_: object) -> list[object]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

        def connect(address: tuple[str, int], timeout: float) -> None:
            connected.append(address[0])
            raise OSError("nobody is there")

        monkeypatch.setattr(socket, "getaddrinfo", lookup)
        monkeypatch.setattr(socket, "create_connection", connect)
        with pytest.raises(OSError, match="nobody"):
            Guard().connect("rebinds.example", server.getsockname()[1], 1)
        assert connected == ["93.184.216.34"]
