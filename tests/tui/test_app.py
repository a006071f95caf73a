"""The app as a whole: modes, help, errors."""

from __future__ import annotations

from nuvyn_tui.app import NuvynApp
from nuvyn_tui.screens.dialogs import Reader


async def test_the_digits_switch_modes(app: NuvynApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        for digit, mode in enumerate(("jobs", "build", "run", "explore", "query"), 1):
            await pilot.press(str(digit))
            assert app.current_mode == mode


async def test_help_opens_and_closes(app: NuvynApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("question_mark")
        assert isinstance(app.screen, Reader)
        await pilot.press("escape")
        assert not isinstance(app.screen, Reader)
