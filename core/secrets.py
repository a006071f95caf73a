"""The one place that knows what a secret looks like, resolves it, and hides it.

Two nets: patterns, for secrets in well-known forms, and a register of the literal secrets that
this process has seen, which are hidden wherever they turn up, raw or encoded. Names of keys and
parameters are judged by `is_secret_name`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import unquote

from core.errors import UsageError
from core.secret_register import HIDDEN, Register

_SHORTEST = 6
_MOST_LOOKS = 4
_NAME = (
    r"(?:[\w.\-]{0,60}?(?:password|passwd|passphrase|secret|token|credential|credentials"
    r"|(?:account|access|shared(?:[_-]?access)?|secret(?:[_-]?access)?|api|private|signing|encryption|subscription)"
    r"[ _-]?key|sharedaccesssignature|signature)|pwd|sig|sas|passcode)"
)
# A value ends at white space or where its surroundings go on; a quoted or braced one at its end.
_VALUE = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\{(?:[^{}]|\}\})*\}|[^\s&;,"'<>(){}\[\]]+)"""
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        r"(?P<keep>)(?P<hide>-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z))",
        # A whole SAS token in a connection string, `&` and all.
        r"(?P<keep>\bSharedAccessSignature\s*=\s*)(?P<hide>[^\s;\"']+)",
        # scheme://user:password@host. What is only a port (`http://host:80/a@b`) is no password.
        r"(?P<keep>https?://[^\s:/?#@\"'<>]*:)(?!\d{1,5}[/?#])(?P<hide>[^\s\"'<>]{1,1000})(?=@)",
        r"(?P<keep>(?<![a-z0-9+.\-])(?!https?:)[a-z][a-z0-9+.\-]{0,40}://(?!arn:)[^\s:/?#@\"'<>]*:)"
        r"(?P<hide>[^\s\"'<>]{1,1000})(?=@)",
        r"(?P<keep>\bauthorization[\"']?\s*[:=]\s*[\"']?(?:(?:bearer|basic|digest|sharedkey(?:lite)?|token)\s+)?)"
        r"(?!AWS4-)(?P<hide>[^\s\"']+)",
        r"(?P<keep>\bbearer\s+)(?!(?:token|auth|realm)\w*\b)(?P<hide>[\w.~+/=%\-]{6,})",
        # name=value, "name": "value", name: value; also with `=` encoded.
        rf"(?P<keep>(?:(?<![A-Za-z0-9])|(?<=%3B)|(?<=%26)|(?<=%3F)){_NAME}(?:[\"']\s*[:=]\s*|\s*=\s*|%3D))(?P<hide>{_VALUE})",
        r"(?P<keep>(?<![A-Za-z0-9])(?:[\w.\-]{0,60}?(?:password|secret|[_-]token|account_?key|secret_?access_?key))\s*:\s+)"
        rf"(?P<hide>{_VALUE})",
        r"(?P<keep><(?:SecretAccessKey|SessionToken|Signature|Password|Token)>)(?P<hide>[^<]+)",
        r"(?P<keep>)(?P<hide>\bdapi[0-9a-z]{8,}(?:-\d+)?)",
        r"(?P<keep>)(?P<hide>\beyJ[\w\-]{10,}\.[\w\-]{10,}\.[\w\-]*)",
        r"(?P<keep>)(?P<hide>\b(?:hf|gh[pousr])_[A-Za-z0-9]{20,})",
    )
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SECRET_WORDS = frozenset(
    {
        "password",
        "passwd",
        "pwd",
        "pass",
        "pw",
        "auth",
        "jwt",
        "passphrase",
        "passcode",
        "secret",
        "secrets",
        "token",
        "credential",
        "credentials",
    }
    | {"sas", "sig", "signature", "authorization", "apikey", "accountkey", "secretkey", "accesskey", "sharedkey"}
)
_KEY_OF = frozenset({"account", "access", "secret", "shared", "api", "private", "storage", "master", "encryption"})
_CONNECTION_STRING = re.compile(
    r"(?:^|;)\s*(?:AccountKey|SharedAccessKey|SharedAccessSignature|Pwd|Password)\s*=", re.I
)
_SIGNED = re.compile(r"(?=.*\bsv=)(?=.*\bsig=)|.*\bx-amz-signature=", re.DOTALL | re.IGNORECASE)
# In these a `?` is part of a key, so nothing after it is a parameter.
_OPAQUE = frozenset({"s3", "s3a", "s3n", "abfs", "abfss", "wasb", "wasbs", "az", "gs", "gcs", "file", "memory", "hf"})
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# Passwords that are everyday words of this program: hidden in their place, but not everywhere.
_OWN_WORDS = frozenset(
    {"postgres", "postgresql", "mariadb", "sqlite", "duckdb", "snowflake", "databricks", "parquet", "source", "sources"}
    | {
        "default",
        "password",
        "secret",
        "workflow",
        "tables",
        "columns",
        "anonymous",
        "public",
        "private",
        "devstoreaccount1",
    }
)

_process = Register()
_passing: ContextVar[Register | None] = ContextVar("passing", default=None)


def is_secret_name(name: str) -> bool:
    """Whether a key, field or parameter of this name holds a secret: `account_key`, `sasToken`, `X-Amz-Signature`."""
    words = [word for word in re.split(r"[^a-z0-9]+", _CAMEL.sub("_", name).lower()) if word]
    if not words:
        return False
    if _SECRET_WORDS.intersection(words) and words[-1] not in ("id", "name", "type", "expiry", "count", "limit"):
        return True
    if words[-1] == "key" and (len(words) == 1 or _KEY_OF.intersection(words)):
        return True
    together = "".join(words)
    return "connectionstring" in together or together.endswith(("password", "secret", "token", "accesskey"))


def register(value: str | None) -> None:
    """Remember a literal secret of at least six characters; `mask` then hides it everywhere."""
    if not value:
        return
    for form in {value, unquote(value)}:
        if len(form) >= _SHORTEST and HIDDEN not in form and form.lower() not in _OWN_WORDS:
            (_passing.get() or _process).add(form)


@contextmanager
def passing_secrets() -> Iterator[None]:
    """What is registered inside (tasks and threads of it too) is hidden there, and then forgotten.

    For a server: secrets of one call are no business of the next, and there is no end of them.
    """
    token = _passing.set(Register())
    try:
        yield
    finally:
        _passing.reset(token)


def register_tree(value: Any) -> None:
    """Register every secret of a JSON-like tree: what `mask_tree` would hide."""
    for secret in _secrets(value, named=False):
        register(secret)


def mask(text: str) -> str:
    """Text with every secret in it as `***`; masking twice changes nothing more."""
    text = _process.hidden(text)
    if (passing := _passing.get()) is not None:
        text = passing.hidden(text)
    for pattern in _PATTERNS:
        text = pattern.sub(_hide, text)
    return text


def mask_url(url: str) -> str:
    """A path or URL as it may be shown and stored: only its secret parts are `***`.

    Unlike `mask` it knows where a secret can be in a URL (the password, parameters of the query),
    so a key such as `s3://lake/token=a/part.csv` stays as it is.
    """
    # What is hidden may let show what else is a secret, in a URL that nobody can take apart in one way only.
    for _ in range(_MOST_LOOKS):
        if (masked := _masked_url(url)) == url:
            break
        url = masked
    return url


def _masked_url(url: str) -> str:
    if _CONNECTION_STRING.search(url):
        return mask(url)
    scheme, found, rest = url.partition("://")
    if not found:
        return _mask_query(url)
    kind = scheme.lower()
    masked = f"{scheme}://{_mask_password(rest, kind)}"
    return masked if kind in _OPAQUE and not _is_signed(url) else _mask_query(masked)


def secrets_of_url(url: str) -> Iterator[str]:
    """The secret parts of a URL, as written: what `mask_url` hides."""
    masked = mask_url(url)
    if masked == url:
        return
    kept = [re.escape(part) for part in masked.split(HIDDEN)]
    if match := re.fullmatch("(.*?)".join(kept), url, re.DOTALL):
        yield from (part for part in match.groups() if part and not _REFERENCE.fullmatch(part))


def mask_tree(value: Any) -> Any:
    """A JSON-like tree with secrets hidden: values under telling names, and secrets in any text."""
    if isinstance(value, dict):
        return {mask(str(key)): _mask_named(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [mask_tree(item) for item in value]
    return mask(value) if isinstance(value, str) else value


def expand(text: str, environ: Mapping[str, str], *, secret: bool = True) -> str:
    """Text with each `${NAME}` replaced by that environment variable, whose value is then hidden.

    With `secret=False` the values are no secrets (a region, a folder) and stay visible.

    Raises:
        UsageError: a variable is not set.
    """

    def value(match: re.Match[str]) -> str:
        found = environ.get(match[1])
        if found is None:
            raise UsageError(
                f"the environment variable {match[1]} is not set", hint=f"export {match[1]}, then try again"
            )
        if secret:
            register(found)
        return found

    return _REFERENCE.sub(value, text)


def is_reference(text: str) -> bool:
    """Whether a text is one `${NAME}` and nothing else: it names a secret but holds none."""
    return _REFERENCE.fullmatch(text) is not None


def _is_signed(url: str) -> bool:
    _, mark, query = url.rpartition("?")
    return bool(mark) and _SIGNED.match(query) is not None


def _hide(match: re.Match[str]) -> str:
    hidden = match["hide"]
    if is_reference(hidden.strip("\"'")):
        return match[0]
    quote = hidden[0] if hidden[0] in "\"'" and hidden[0] == hidden[-1] and len(hidden) > 1 else ""
    return f"{match['keep']}{quote}{HIDDEN}{quote}"


def _mask_password(rest: str, scheme: str) -> str:
    """What stands after `scheme://`, without the password before the `@`.

    Outside the web a password may hold a raw `/`, `?` or `@` (SQLAlchemy takes it), so the last
    `@` ends it: too much hidden is better than a part of a password shown.
    """
    web = scheme in ("http", "https") or (scheme in _OPAQUE and not scheme.startswith("s3"))
    user, colon, tail = rest.partition(":")
    # Outside the web a user's name may hold these too: `user@server`, as some databases want it.
    if not colon or "/" in user or user == "arn" or (web and re.search(r"[?#@]", user)):
        return rest
    if "@" in user and re.match(r"\d{1,5}(?:[/?]|$)", tail):
        return rest
    authority, slash, below = tail.partition("/")
    if web:
        password, at, host = authority.rpartition("@")
        host += slash + below
    else:
        before, mark, query = tail.partition("?")
        parameters = "@" in before and "=" in query.rpartition("@")[0]
        if "@" in query and not parameters and not re.match(r"\d{1,5}(?:[/?]|$)", tail):
            before, mark, query = tail, "", ""
        password, at, host = before.rpartition("@")
        host += mark + query
    if not at or not password or is_reference(password):
        return rest
    return f"{user}:{HIDDEN}@{host}"


def _mask_query(url: str) -> str:
    base, mark, query = url.partition("?")
    if not mark:
        return url
    parts = re.split(r"([&;])", query)
    for at, part in enumerate(parts):
        name, equals, value = part.partition("=")
        if not equals or not value or is_reference(value):
            continue
        if is_secret_name(unquote(name)):
            parts[at] = f"{name}={HIDDEN}"
        elif "=" in (plain := unquote(value)) and mask(plain) != plain:
            # A connection string inside a parameter, as in `odbc_connect=…`.
            parts[at] = f"{name}={mask(plain)}"
    return base + mark + "".join(parts)


def _mask_named(name: str, value: Any) -> Any:
    if not is_secret_name(name) or value is None or isinstance(value, bool) or value == "":
        return mask_tree(value)
    return value if isinstance(value, str) and is_reference(value) else HIDDEN


def _secrets(value: Any, *, named: bool) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _secrets(item, named=named or is_secret_name(str(key)))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _secrets(item, named=named)
    elif isinstance(value, str):
        if named and not _REFERENCE.search(value):
            yield value
        yield from secrets_of_url(value)
        # The secret parts of a secret (the key in a connection string) may turn up alone.
        if named or _CONNECTION_STRING.search(value):
            for pattern in _PATTERNS:
                yield from (found["hide"].strip("\"'") for found in pattern.finditer(value))
