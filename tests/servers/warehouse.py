"""A Databricks SQL warehouse on loopback that the real connector talks to, with faults on demand.

Speaks the Thrift protocol over HTTP (the `Processor` of the connector's own package); SQL is done
by `warehouse_sql.Engine`. Uploads go to presigned URLs on the same port.
"""

from __future__ import annotations

import json
import re
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pyarrow as pa
from databricks.sql.thrift_api.TCLIService import TCLIService, ttypes
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TTransport import TMemoryBuffer, TTransportException

from tests.servers.warehouse_sql import Engine, Refused

TOKEN = "dapi-canary-0123456789abcdef"
CLIENT = ("sp-client", "sp-secret-0123456789")
HTTP_PATH = "/sql/1.0/warehouses/abc123"
_POLL_S = 0.5
_GOOD = ttypes.TStatus(statusCode=ttypes.TStatusCode.SUCCESS_STATUS)


class Dropped(TTransportException):
    """The connection is closed without an answer."""


@dataclass(slots=True)
class Fault:
    """What goes wrong with the next statements (or uploads) that match, `times` times."""

    kind: str
    match: str
    times: int
    seconds: float = 0.0


@dataclass(slots=True)
class _Operation:
    statement: str
    staging: bool = False
    state: int = ttypes.TOperationState.RUNNING_STATE
    error: str = ""
    sqlstate: str = ""
    result: pa.Table = field(default_factory=lambda: pa.table({}))
    done: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)
    awake: threading.Event = field(default_factory=threading.Event)
    fetched: bool = False


class Warehouse:
    """The server; `address` is `http://127.0.0.1:PORT`."""

    def __init__(self, folder: Path) -> None:
        self.engine = Engine(folder)
        self.statements: list[str] = []
        self.counts: Counter[str] = Counter()
        self.cancels: list[str] = []
        self.faults: list[Fault] = []
        self.zones: set[str] = set()
        self.slow_s = 0.0
        self.running = threading.Event()
        self._operations: dict[bytes, _Operation] = {}
        self._sessions: dict[bytes, str] = {}
        self._uploads: dict[str, Path] = {}
        self._tokens = {TOKEN}
        self._processor = TCLIService.Processor(self)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.engine.close()

    def settle(self, *, cancel: bool = False) -> None:
        """Let slow statements run on at once, or end them, and wait until none runs any more."""
        for operation in list(self._operations.values()):
            if cancel:
                operation.cancelled.set()
            operation.awake.set()
            operation.done.wait(60)

    def clear(self) -> None:
        """As new, for the next test."""
        self.settle(cancel=True)
        self._operations.clear()
        self.engine.clear()
        self.statements, self.cancels, self.faults = [], [], []
        self.counts, self.zones, self.slow_s = Counter(), set(), 0.0
        self.running.clear()

    def fail(self, kind: str, match: str = "", *, times: int = 1, seconds: float = 0.0) -> None:
        """Let the next statements that `match` (a regular expression) fail so.

        Kinds: `drop_before`, `drop_after`, `drop_poll`, `session`, `http_503`, `conflict`, `slow`,
        `upload_503`, `connect_503`.
        """
        self.faults.append(Fault(kind, match, times, seconds))

    def environ(self, **more: str) -> dict[str, str]:
        """The variables that lead a client here."""
        return {
            "DATABRICKS_SERVER_HOSTNAME": self.address,
            "DATABRICKS_HTTP_PATH": HTTP_PATH,
            "DATABRICKS_ACCESS_TOKEN": TOKEN,
        } | more

    def sent(self, pattern: str) -> list[str]:
        """The statements that hold a pattern, in order."""
        return [text for text in self.statements if re.search(pattern, text)]

    def _hits(self, kind: str, text: str) -> Fault | None:
        for fault in self.faults:
            if fault.kind == kind and fault.times and re.search(fault.match, text):
                fault.times -= 1
                return fault
        return None

    # The calls of the Thrift service.

    def OpenSession(self, req: Any) -> Any:
        if self._hits("connect_503", ""):
            raise _Busy
        guid = uuid.uuid4().bytes
        zone = (req.configuration or {}).get("TIMEZONE", "America/Los_Angeles")
        self._sessions[guid] = zone
        self.zones.add(zone)
        self.counts["sessions"] += 1
        return ttypes.TOpenSessionResp(
            status=_GOOD,
            serverProtocolVersion=ttypes.TProtocolVersion.SPARK_CLI_SERVICE_PROTOCOL_V8,
            sessionHandle=ttypes.TSessionHandle(ttypes.THandleIdentifier(guid, b"s" * 16)),
            canUseMultipleCatalogs=True,
        )

    def CloseSession(self, req: Any) -> Any:
        self._sessions.pop(req.sessionHandle.sessionId.guid, None)
        return ttypes.TCloseSessionResp(status=_GOOD)

    def ExecuteStatement(self, req: Any) -> Any:
        text = req.statement
        self.counts["requests"] += 1
        if self._hits("http_503", text):
            raise _Busy
        if self._hits("drop_before", text):
            raise Dropped
        session = req.sessionHandle.sessionId.guid
        if self._hits("session", text):
            self._sessions.pop(session, None)
        if session not in self._sessions:
            return ttypes.TExecuteStatementResp(
                status=ttypes.TStatus(
                    statusCode=ttypes.TStatusCode.INVALID_HANDLE_STATUS,
                    errorMessage=f"Invalid SessionHandle: SessionHandle [{uuid.UUID(bytes=session)}]",
                )
            )
        values = {p.name: _value(p) for p in req.parameters or []}
        operation = _Operation(text)
        guid = uuid.uuid4().bytes
        self._operations[guid] = operation
        self.statements.append(text)
        run = threading.Thread(target=self._run, args=(operation, values, self._sessions[session]), daemon=True)
        run.start()
        if self._hits("drop_after", text):
            run.join()
            raise Dropped
        return ttypes.TExecuteStatementResp(
            status=_GOOD,
            operationHandle=ttypes.TOperationHandle(
                operationId=ttypes.THandleIdentifier(guid, b"s" * 16),
                operationType=ttypes.TOperationType.EXECUTE_STATEMENT,
                hasResultSet=True,
            ),
        )

    def _run(self, operation: _Operation, values: dict[str, Any], zone: str) -> None:
        slow = self._hits("slow", operation.statement)
        self.running.set()
        try:
            if wait := slow.seconds if slow else self.slow_s:
                operation.awake.wait(wait)
            if operation.cancelled.is_set():
                operation.state = ttypes.TOperationState.CANCELED_STATE
                return
            if self._hits("conflict", operation.statement):
                raise Refused("DELTA_CONCURRENT_APPEND", "Files were added by a concurrent update.", "2D521")
            staging = self.engine.staging(operation.statement)
            if staging is not None:
                operation.staging = True
                operation.result = self._presigned(*staging)
            else:
                operation.result = self.engine.run(operation.statement, values, zone)
            operation.state = ttypes.TOperationState.FINISHED_STATE
        except Refused as refused:
            operation.error, operation.sqlstate = str(refused), refused.sqlstate
            operation.state = ttypes.TOperationState.ERROR_STATE
        except Exception as error:
            operation.error = f"[INTERNAL_ERROR] {type(error).__name__}: {error} SQLSTATE: XX000"
            operation.state = ttypes.TOperationState.ERROR_STATE
        finally:
            operation.done.set()

    def _presigned(self, verb: str, path: Path) -> pa.Table:
        key = uuid.uuid4().hex
        self._uploads[key] = path
        url = f"{self.address}/upload/{key}?X-Signature=presigned-secret"
        row = {"operation": verb, "presignedUrl": url, "headers": "{}"}
        return pa.table({name: [value] for name, value in row.items()} | {"localFile": ["__input_stream__"]})

    def GetOperationStatus(self, req: Any) -> Any:
        operation = self._operations[req.operationHandle.operationId.guid]
        self.counts["polls"] += 1
        if self._hits("drop_poll", operation.statement):
            raise Dropped
        operation.done.wait(_POLL_S)
        return ttypes.TGetOperationStatusResp(
            status=_GOOD,
            operationState=operation.state,
            errorMessage=operation.error or None,
            displayMessage=operation.error or None,
            sqlState=operation.sqlstate or None,
        )

    def GetResultSetMetadata(self, req: Any) -> Any:
        operation = self._operations[req.operationHandle.operationId.guid]
        return ttypes.TGetResultSetMetadataResp(
            status=_GOOD,
            schema=ttypes.TTableSchema(columns=[_column(f, at) for at, f in enumerate(operation.result.schema)]),
            resultFormat=ttypes.TSparkRowSetType.ARROW_BASED_SET,
            lz4Compressed=False,
            arrowSchema=operation.result.schema.serialize().to_pybytes(),
            isStagingOperation=operation.staging,
        )

    def FetchResults(self, req: Any) -> Any:
        operation = self._operations[req.operationHandle.operationId.guid]
        batches = [] if operation.fetched else operation.result.to_batches()
        operation.fetched = True
        arrow = [ttypes.TSparkArrowBatch(batch=b.serialize().to_pybytes(), rowCount=b.num_rows) for b in batches]
        return ttypes.TFetchResultsResp(
            status=_GOOD,
            hasMoreRows=False,
            results=ttypes.TRowSet(startRowOffset=0, rows=[], arrowBatches=arrow),
            resultSetMetadata=self.GetResultSetMetadata(req),
        )

    def CancelOperation(self, req: Any) -> Any:
        operation = self._operations[req.operationHandle.operationId.guid]
        self.cancels.append(operation.statement)
        operation.cancelled.set()
        operation.awake.set()
        return ttypes.TCancelOperationResp(status=_GOOD)

    def CloseOperation(self, req: Any) -> Any:
        self._operations.pop(req.operationHandle.operationId.guid, None)
        return ttypes.TCloseOperationResp(status=_GOOD)

    # HTTP.

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        warehouse = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path.startswith("/oidc/"):
                    warehouse._issue(self, body)
                elif self.headers.get("Authorization", "").removeprefix("Bearer ") not in warehouse._tokens:
                    self._answer(403, b"", {"X-Databricks-Reason-Phrase": "Invalid access token."})
                elif self.path != HTTP_PATH:
                    self._answer(404, b"", {"X-Databricks-Reason-Phrase": "No such warehouse."})
                else:
                    self._thrift(body)

            def _thrift(self, body: bytes) -> None:
                answer = TMemoryBuffer()
                try:
                    warehouse._processor.process(TBinaryProtocol(TMemoryBuffer(body)), TBinaryProtocol(answer))
                except Dropped:
                    self.close_connection = True
                except _Busy:
                    reason = "The warehouse is starting."
                    self._answer(503, b"", {"Retry-After": "1", "X-Databricks-Reason-Phrase": reason})
                else:
                    self._answer(200, answer.getvalue(), {"Content-Type": "application/x-thrift"})

            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if warehouse._hits("upload_503", self.path):
                    self._answer(503, b"slow down", {})
                    return
                path = warehouse._uploads.pop(_key(self.path))
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(body)
                warehouse.counts["uploads"] += 1
                warehouse.counts["uploaded_bytes"] += len(body)
                self._answer(200, b"", {})

            def do_DELETE(self) -> None:
                warehouse._uploads.pop(_key(self.path)).unlink(missing_ok=True)
                self._answer(204, b"", {})

            def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler

    def _issue(self, handler: Any, body: bytes) -> None:
        """OAuth's client credentials: a token that lives for an hour."""
        import base64

        given = base64.b64decode(handler.headers["Authorization"].removeprefix("Basic ")).decode()
        if tuple(given.split(":")) != CLIENT or parse_qs(body.decode())["grant_type"] != ["client_credentials"]:
            handler._answer(401, json.dumps({"error": "invalid_client"}).encode(), {})
            return
        token = f"issued-{uuid.uuid4().hex}"
        self._tokens.add(token)
        self.counts["tokens"] += 1
        handler._answer(200, json.dumps({"access_token": token, "expires_in": 3600}).encode(), {})


class _Busy(TTransportException):
    """503 with Retry-After."""


def _key(path: str) -> str:
    return path.removeprefix("/upload/").partition("?")[0]


def _value(parameter: Any) -> Any:
    text = parameter.value.stringValue if parameter.value is not None else None
    if text is None:
        return None
    return int(text) if parameter.type in ("INT", "BIGINT", "SMALLINT", "TINYINT") else text


def _column(field: pa.Field, at: int) -> Any:
    ids = ttypes.TTypeId
    names = {pa.int64(): ids.BIGINT_TYPE, pa.int32(): ids.INT_TYPE, pa.bool_(): ids.BOOLEAN_TYPE}
    names |= {pa.float64(): ids.DOUBLE_TYPE}
    kind = names.get(field.type, ids.STRING_TYPE)
    if pa.types.is_timestamp(field.type):
        kind = ids.TIMESTAMP_TYPE
    elif pa.types.is_list(field.type):
        kind = ids.ARRAY_TYPE
    entry = ttypes.TTypeEntry(primitiveEntry=ttypes.TPrimitiveTypeEntry(type=kind))
    return ttypes.TColumnDesc(columnName=field.name, typeDesc=ttypes.TTypeDesc(types=[entry]), position=at + 1)


def wait_for(check: Any, seconds: float = 10.0) -> None:
    """Wait until something holds."""
    until = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < until, "it never came to hold"
        threading.Event().wait(0.01)
