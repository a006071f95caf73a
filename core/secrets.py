"""The one place that knows what a secret looks like, resolves it, and hides it.

Two nets: patterns, for secrets in well-known forms, and a register of the literal secrets that
this process has seen, which are hidden wherever they turn up, raw or URL-encoded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from core.errors import UsageError

HIDDEN = "***"

_SHORTEST = 6
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Query parameters of presigned and SAS URLs.
        r"(?P<keep>[?&;](?:sig|signature|x-amz-signature|x-amz-credential|x-amz-security-token|awsaccesskeyid"
        r"|x-goog-signature|token|access_token|code|key|api_key|password|pwd)=)(?P<hide>[^&\s\"'<>]+)",
        # A SAS token that stands by itself.
        r"(?P<keep>\bsig=)(?P<hide>[A-Za-z0-9%+/=_-]{10,})",
        # Connection strings.
        r"(?P<keep>(?:AccountKey|SharedAccessKey|SharedAccessSignature|Password|Pwd)\s*=\s*)(?P<hide>[^;\s\"']+)",
        # scheme://user:password@host
        r"(?P<keep>[a-z][a-z0-9+.-]*://[^/\s:@\"']*:)(?P<hide>[^/\s\"']+)(?=@)",
        r"(?P<keep>\b(?:Bearer|Basic|SharedKey)\s+)(?P<hide>[A-Za-z0-9._~+/:=-]{8,})",
        r"(?P<keep>\b(?:aws_)?(?:secret_access_key|session_token|account_key|sas_token|access_token|client_secret"
        r"|password|secret|token)[\"']?\s*[=:]\s*[\"']?)(?P<hide>[^\s\"',;&}]+)",
        r"(?P<keep>)(?P<hide>\bdapi[0-9a-f]{16,}(?:-\d+)?\b)",
        r"(?P<keep>)(?P<hide>\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+)",
    )
)
_SECRET_NAME = re.compile(
    r"(pass(word|wd)?|pwd|secret|token|credential|(account|access|api|private|shared|storage|master|encryption)_?key|\bkey$"
    r"|sas|signature|connection_?string|authorization)",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

_seen: dict[str, None] = {}


def register(value: str | None) -> None:
    """Remember a literal secret, so that `mask` hides it in all its encodings."""
    if not value or len(value) < _SHORTEST or value == HIDDEN:
        return
    for form in (value, unquote(value), quote(value, safe=""), quote(value), quote_plus(value)):
        _seen.setdefault(form)
        _seen.setdefault(form.lower() if "%" in form else form)


def mask(text: str) -> str:
    """Text with every secret in it as `***`; masking twice changes nothing more."""
    for secret in sorted(_seen, key=len, reverse=True):
        if secret in text:
            text = text.replace(secret, HIDDEN)
    for pattern in _PATTERNS:
        text = pattern.sub(lambda m: m["keep"] + HIDDEN, text)
    return text


def mask_tree(value: Any) -> Any:
    """A JSON-like tree with secrets hidden: values under telling names, and secrets in any text."""
    if isinstance(value, dict):
        return {mask(str(k)): _mask_named(str(k), v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [mask_tree(item) for item in value]
    return mask(value) if isinstance(value, str) else value


def _mask_named(name: str, value: Any) -> Any:
    if not _SECRET_NAME.search(name) or value is None or isinstance(value, bool):
        return mask_tree(value)
    if isinstance(value, str) and _REFERENCE.fullmatch(value):
        return value
    return HIDDEN


def register_tree(value: Any, name: str = "") -> None:
    """Register every secret of a JSON-like tree: what `mask_tree` would hide."""
    if isinstance(value, dict):
        for key, item in value.items():
            register_tree(item, f"{name}.{key}" if _SECRET_NAME.search(name) else str(key))
    elif isinstance(value, list | tuple):
        for item in value:
            register_tree(item, name)
    elif isinstance(value, str):
        if _SECRET_NAME.search(name) and not _REFERENCE.search(value):
            register(value)
        for pattern in _PATTERNS:
            for found in pattern.finditer(value):
                register(found["hide"])


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Text with each `${NAME}` replaced by that environment variable, whose value is then hidden.

    Raises:
        UsageError: a variable is not set.
    """

    def value(match: re.Match[str]) -> str:
        found = environ.get(match[1])
        if found is None:
            raise UsageError(f"the environment variable {match[1]} is not set", hint=f"export {match[1]}=…")
        register(found)
        return found

    return _REFERENCE.sub(value, text)
