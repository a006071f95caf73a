"""An account that can be kept: what a broken or odd log says must not spoil the rows of others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from core.lakehouse.base import Account, LogError
from core.text import as_text

_MOST = (1 << 63) - 1


def sound(account: Account) -> Account:
    """The account with text that has a UTF-8 form (JSON can name half a character, which has none).

    Raises:
        LogError: its bytes or rows together are more than can be counted.
    """
    files = account.files or ()
    if sum(file.size for file in files) > _MOST or sum(file.rows or 0 for file in files) > _MOST:
        raise LogError("its files together are larger than anything can be")
    return replace(
        account,
        columns=tuple(
            replace(
                column,
                name=as_text(column.name),
                type=as_text(column.type),
                native_type=None if column.native_type is None else as_text(column.native_type),
                comment=None if column.comment is None else as_text(column.comment),
            )
            for column in account.columns
        ),
        properties=_texts(account.properties),
        comment=None if account.comment is None else as_text(account.comment),
        warnings=tuple(map(as_text, account.warnings)),
    )


def _texts(properties: Mapping[str, str]) -> dict[str, str]:
    return {as_text(name): as_text(value) for name, value in properties.items()}
