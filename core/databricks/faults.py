"""What can go wrong with a warehouse, told from what the connector raises: cause, hint, and whether to try again.

The connector (4.9) wraps most faults in a `RequestError` whose `args` hold the one beneath. With its own
retries off it reports a 429 or 503, and a lost connection, as `MaxRetryDurationError`; only the latter has a
cause. Its `http-code` is that of the last answer it got, so it counts only when an answer came.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from enum import StrEnum

from core.databricks.target import AuthKind, Target
from core.errors import NuvynError
from core.secrets import mask

_CLASS = re.compile(r"\[([A-Z][A-Z0-9_]*(?:\.[A-Z0-9_]+)?)\]")
_STATE = re.compile(r"SQLSTATE:? ?([0-9A-Z]{5})")
_SESSION = re.compile(
    r"Invalid SessionHandle|SESSION_NOT_FOUND|SESSION_CLOSED|Session .* does not exist|INVALID_HANDLE"
)
_STAGING = re.compile(r"Staging operation over HTTP was unsuccessful: (\d{3})")
_LONGEST = 400


class Trouble(StrEnum):
    """Kinds of faults, by what is to be done about them."""

    BUSY = "busy"
    """The warehouse starts or is overloaded: wait."""
    NETWORK = "network"
    """The connection was lost; the statement may have run. Connect anew and send it again."""
    SESSION = "session"
    """The session is gone. Open another and send the statement again."""
    CONFLICT = "conflict"
    """Another writer was first. Send the statement again."""
    UPLOAD = "upload"
    """The storage behind a volume did not take a file. Upload it again."""
    MISSING = "missing"
    """The server, warehouse, catalog, schema or table is not there."""
    LOGIN = "login"
    """Who logs in is not let in."""
    DENIED = "denied"
    """Who is logged in lacks a privilege."""
    SLOW = "slow"
    """The statement took longer than it may, and was taken back."""
    REFUSED = "refused"
    """For good, for any other reason: wrong SQL, a certificate that is not trusted."""


TRANSIENT = frozenset({Trouble.BUSY, Trouble.NETWORK, Trouble.SESSION, Trouble.CONFLICT, Trouble.UPLOAD})


class WarehouseError(NuvynError):
    """The warehouse, or the way to it, failed. `missing` names what is not there: catalog, schema, table."""

    def __init__(self, trouble: Trouble, message: str, *, hint: str = "", missing: str = "") -> None:
        super().__init__(message, hint=hint)
        self.trouble = trouble
        self.missing = missing

    @property
    def transient(self) -> bool:
        return self.trouble in TRANSIENT


class SyncStopped(NuvynError):
    """Who asked for the sync took it back."""

    def __init__(self) -> None:
        super().__init__("the sync was cancelled")


def fault_of(error: BaseException, target: Target) -> WarehouseError:
    """An exception of the connector as a designed error."""
    chain = list(_chain(error))
    for each in chain:
        if isinstance(each, WarehouseError):
            return each
    text = mask(_first_lines(getattr(error, "message", None) or str(error)))
    names = {type(each).__name__ for each in chain}
    if found := _STAGING.search(text):
        trouble = Trouble.UPLOAD if found[1] in ("408", "429") or found[1] >= "500" else Trouble.REFUSED
        hint = "the login needs WRITE VOLUME there" if found[1] == "403" else ""
        return WarehouseError(
            trouble, f"the storage behind {target.volume} answered {found[1]} to an upload", hint=hint
        )
    if _SESSION.search(text):
        return WarehouseError(Trouble.SESSION, "the session at the warehouse has ended")
    code = str((getattr(error, "context", None) or {}).get("http-code"))
    if "RequestError" in names and "MaxRetryDurationError" not in names and code.startswith(("4", "5")):
        return _status(code, text, target)
    if (network := _network(chain, names, target)) is not None:
        return network
    return _sql_fault(text, target)


def _chain(error: BaseException | None, depth: int = 0) -> Iterator[BaseException]:
    """An exception with all that lie beneath it.

    What was being handled when it was raised counts too, but not our own errors: a statement may be
    sent because another one failed.
    """
    if error is None or depth > 8:
        return
    yield error
    context = None if isinstance(error.__context__, NuvynError) else error.__context__
    for below in (*error.args, error.__cause__ or context, getattr(error, "reason", None)):
        if isinstance(below, BaseException):
            yield from _chain(below, depth + 1)


def _network(chain: list[BaseException], names: set[str], target: Target) -> WarehouseError | None:
    if any(isinstance(each, ssl.SSLCertVerificationError) for each in chain):
        hint = "ca_file below [databricks] (or NUVYN_DATABRICKS_CA_FILE) names the PEM file of your own authority"
        return WarehouseError(Trouble.REFUSED, f"the certificate of {target.host} is not trusted", hint=hint)
    if any(isinstance(each, socket.gaierror) for each in chain) or "NameResolutionError" in names:
        hint = "correct server_hostname (DATABRICKS_SERVER_HOSTNAME), or mend the network"
        return WarehouseError(Trouble.MISSING, f"there is no server called {target.host}", hint=hint)
    if any(isinstance(each, ConnectionRefusedError) for each in chain):
        hint = "is server_hostname right, and does a firewall stand between?"
        return WarehouseError(Trouble.NETWORK, f"{target.address} refuses connections", hint=hint)
    lost = names & {"ProtocolError", "RemoteDisconnected", "ReadTimeoutError", "ConnectTimeoutError", "MaxRetryError"}
    if lost or any(isinstance(each, OSError | EOFError) for each in chain):
        return WarehouseError(Trouble.NETWORK, f"the connection to {target.host} was lost")
    if "MaxRetryDurationError" in names:
        hint = "it may be starting; see SQL Warehouses in the workspace"
        return WarehouseError(Trouble.BUSY, "the warehouse is busy or starting", hint=hint)
    return None


def _status(code: str, text: str, target: Target) -> WarehouseError:
    if code in ("429", "503"):
        return WarehouseError(Trouble.BUSY, "the warehouse is busy or starting")
    if code in ("401", "403"):
        return WarehouseError(
            Trouble.LOGIN, f"{target.host} refuses the {target.login} (HTTP {code})", hint=_LOGIN_HINTS[target.auth]
        )
    if code == "404":
        hint = "copy http_path (DATABRICKS_HTTP_PATH) from the warehouse's connection details"
        return WarehouseError(
            Trouble.MISSING, f"there is no warehouse at {target.http_path} on {target.host}", hint=hint
        )
    if code.startswith("5"):
        return WarehouseError(Trouble.NETWORK, f"{target.host} answered HTTP {code}")
    return WarehouseError(Trouble.REFUSED, f"{target.host} answered HTTP {code}: {text}")


_LOGIN_HINTS = {
    AuthKind.PAT: "it may have expired: make another and set DATABRICKS_ACCESS_TOKEN (access_token)",
    AuthKind.OAUTH_M2M: "check DATABRICKS_CLIENT_ID, DATABRICKS_CLIENT_SECRET and CAN USE on the warehouse",
    AuthKind.AZURE_SP: "check ARM_CLIENT_ID, ARM_CLIENT_SECRET, ARM_TENANT_ID and CAN USE on the warehouse",
    AuthKind.BROWSER: "log in again, with an account that may use the warehouse",
}


def _sql_fault(text: str, target: Target) -> WarehouseError:
    """A fault of the SQL engine, by its error class (else its SQLSTATE)."""
    name = next(iter(_CLASS.findall(text)), "")
    state = next(iter(_STATE.findall(text)), "")
    if name.startswith("DELTA_CONCURRENT") or name == "DELTA_METADATA_CHANGED" or state == "2D521":
        return WarehouseError(Trouble.CONFLICT, f"another writer was first: {text}")
    if name == "UC_HIVE_METASTORE_DISABLED_EXCEPTION":
        hint = "sync into a catalog of Unity Catalog: --target CATALOG.SCHEMA, or catalog below [databricks]"
        return WarehouseError(Trouble.REFUSED, f"hive_metastore is switched off in this workspace: {text}", hint=hint)
    if name.startswith("INSUFFICIENT_PERMISSIONS") or "PERMISSION_DENIED" in text or state == "42501":
        return WarehouseError(Trouble.DENIED, f"no permission: {text}", hint=_grants(target))
    if "CATALOG" in name and ("NOT_FOUND" in name or "NO_SUCH" in name):
        hint = "name another with --target CATALOG.SCHEMA, or catalog below [databricks]"
        return WarehouseError(
            Trouble.MISSING, f"there is no catalog {target.catalog}: {text}", hint=hint, missing="catalog"
        )
    if name in ("SCHEMA_NOT_FOUND", "DATABASE_NOT_FOUND"):
        return WarehouseError(Trouble.MISSING, f"there is no schema {target.place}", missing="schema")
    if name.startswith("TABLE_OR_VIEW_NOT_FOUND"):
        return WarehouseError(Trouble.MISSING, f"a table of {target.place} is not there: {text}", missing="table")
    return WarehouseError(Trouble.REFUSED, f"the warehouse refused a statement: {text}")


def _grants(target: Target) -> str:
    where = f"{target.catalog}.{target.schema}"
    return f"the login needs USE CATALOG, USE SCHEMA, CREATE TABLE, SELECT and MODIFY on {where}" + (
        f", and WRITE VOLUME on {target.volume}" if target.volume else ""
    )


def _first_lines(text: str) -> str:
    """The message without the server's stack trace."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "no reason was given")
    return line if len(line) <= _LONGEST else line[:_LONGEST] + "…"
