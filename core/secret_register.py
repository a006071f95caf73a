"""The register of the literal secrets that a process has seen, and how it finds them: raw or encoded."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

HIDDEN = "***"

_LONGEST_IN_PATTERN = 4096
_SHORT_ESCAPES = {"\n": r"\\n", "\r": r"\\r", "\t": r"\\t", "\b": r"\\b", "\f": r"\\f"}


class Register:
    """Literal secrets, and one pattern for all of them but the longest, of which a pattern would take too long to make.

    Those are hidden in each form that they may have as a whole.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: set[str] = set()
        self._long: dict[str, None] = {}
        self._compiled: re.Pattern[str] | None = None

    def add(self, secret: str) -> None:
        with self._lock:
            if len(secret) > _LONGEST_IN_PATTERN:
                self._long |= dict.fromkeys(_forms(secret))
            elif secret not in self._seen:
                self._seen.add(secret)
                self._compiled = None

    def hidden(self, text: str) -> str:
        for long in self._long:
            text = text.replace(long, HIDDEN)
        if not self._seen:
            return text
        with self._lock:
            if self._compiled is None:
                # The longest first.
                found = sorted(self._seen, key=len, reverse=True)
                self._compiled = re.compile("|".join(_literal(secret) for secret in found))
            compiled = self._compiled
        return compiled.sub(HIDDEN, text)


def _forms(secret: str) -> Iterator[str]:
    """A secret as it is, as JSON and in URLs."""
    for form in (secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield form
        encoded = form.encode("utf-8", "surrogatepass")
        for url in (quote(encoded), quote(encoded, safe=""), quote_plus(encoded)):
            yield from (url, quote(url, safe=""))


def _literal(secret: str) -> str:
    """A pattern for a secret in which each character may be written raw or encoded.

    A plain word only counts as a whole word, so that a weak password does not garble longer ones.
    """
    body = "".join(_character(char) for char in secret)
    return rf"(?<![^\W_]){body}(?![^\W_])" if secret.isalpha() or secret.isdigit() else body


def _character(char: str) -> str:
    forms = [r"\\?" + re.escape(char)]
    encoded = char.encode("utf-8", "surrogatepass")
    forms.append("".join(rf"%(?:25)*(?i:{byte:02x})" for byte in encoded))
    if char in _SHORT_ESCAPES:
        forms.append(_SHORT_ESCAPES[char])
    if char == " ":
        forms.append(r"\+")
    if not char.isascii() or not char.isalnum():
        units = char.encode("utf-16-be", "surrogatepass").hex()
        forms.append("".join(rf"\\u(?i:{units[at : at + 4]})" for at in range(0, len(units), 4)))
    return f"(?:{'|'.join(forms)})"
