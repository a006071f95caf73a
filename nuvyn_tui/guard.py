"""A fault in a handler reaches the error pane instead of ending its widget and the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

if TYPE_CHECKING:
    from nuvyn_tui.app import NuvynApp


class Guarded(MessagePump):
    """A widget or screen whose handlers may fail: it lives on.

    Textual ends a pump at the first exception of a handler; this stops it on its way there.
    """

    async def _dispatch_message(self, message: Message) -> None:
        try:
            await super()._dispatch_message(message)
        except Exception as error:
            house: NuvynApp = self.app  # type: ignore[assignment]
            house.crashed(error)
