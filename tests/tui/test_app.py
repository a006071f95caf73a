"""The app as a whole: modes, keys, help, palette, errors, quitting."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from core.house import House
from core.jobs.model import JobState
from core.secrets import register
from core.settings import load_settings
from nuvyn_tui.app import NuvynApp
from nuvyn_tui.commands.app import MODES
from nuvyn_tui.commands.command import shown_keys
from nuvyn_tui.commands.registry import all_commands
from nuvyn_tui.screens.compare import CompareScreen
from nuvyn_tui.screens.dialogs import Question, Reader
from nuvyn_tui.widgets.bars import KeyLine
from nuvyn_tui.widgets.grid import Grid
from tests.tui.conftest import until
from tests.tui.script import ScriptedJob
from tests.tui.test_jobs import queued


async def test_the_digits_switch_modes(app: NuvynApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        for digit, mode in enumerate(MODES, 1):
            await pilot.press("escape", str(digit)) if mode == "build" else await app.action_mode(mode)
            await until(pilot, lambda mode=mode: app.current_mode == mode)


@pytest.mark.parametrize("width", [60, 80, 120])
async def test_help_and_quit_are_never_cut_off(app: NuvynApp, width: int) -> None:
    async with app.run_test(size=(width, 24)) as pilot:
        for mode in MODES:
            await app.action_mode(mode)
            await pilot.pause()
            line = app.screen.query_one(KeyLine).render_line(0).text
            assert line.rstrip().endswith("? Help  ^q Quit") and len(line) == width


async def test_help_is_about_the_pane_then_the_mode_then_everywhere(app: NuvynApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("question_mark")
        assert isinstance(app.screen, Reader)
        text = app.screen._text.plain
        assert text.index("This pane") < text.index("Run the demo") < text.index("Leave nuvyn")
        await pilot.press("escape")
        assert not isinstance(app.screen, Reader)


async def test_every_command_does_something(app: NuvynApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        for place, commands in all_commands().items():
            if place in MODES:
                await app.action_mode(place)
                await pilot.pause()
            for command in commands:
                _, _, rest = command.does.rpartition("app.") if "app." in command.does else ("", "", command.does)
                name = rest.partition("(")[0]
                elsewhere = {"lists": Grid, "compare": CompareScreen}
                owner = app if "app." in command.does else elsewhere.get(place, app.screen)
                assert inspect.isroutine(getattr(owner, f"action_{name}", None)), command.id


def test_ids_differ_and_no_key_means_two_things_in_one_place() -> None:
    every = [command for commands in all_commands().values() for command in commands]
    assert len({command.id for command in every}) == len(every)
    everywhere = {key for command in all_commands()["app"] for key in command.keys.split(",")}
    for place, commands in all_commands().items():
        keys = [key for command in commands if command.keys for key in command.keys.split(",")]
        assert len(set(keys)) == len(keys), place
        if place != "app":
            assert not everywhere & set(keys), place


def test_no_key_that_terminals_cannot_send() -> None:
    for commands in all_commands().values():
        for command in commands:
            assert not {"ctrl+enter", "ctrl+m", "ctrl+i", "ctrl+h"} & set(command.keys.split(","))
            assert shown_keys(command.keys)


async def test_keys_are_remapped_by_the_config(tmp_path: Path, bare_environment: None) -> None:
    (tmp_path / "config.toml").write_text('[keys]\n"app.help" = "f9"\n')
    with House(load_settings(home=str(tmp_path), environ={})) as house:
        app = NuvynApp(house)
        async with app.run_test(size=(80, 24)) as pilot:
            assert "f9 Help" in app.screen.query_one(KeyLine).render_line(0).text
            await pilot.press("question_mark")
            assert not isinstance(app.screen, Reader)
            await pilot.press("f9")
            assert isinstance(app.screen, Reader)


@pytest.mark.parametrize("place", ["screen handler", "worker", "app", "timer"])
async def test_a_fault_opens_the_error_pane_and_leaves_a_report_without_secrets(
    app: NuvynApp, house: House, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    register("canary-5f1b")

    def fail(*_: object) -> None:
        raise RuntimeError("it broke with canary-5f1b [/red]")

    async def fail_later() -> None:
        fail()

    async with app.run_test(size=(80, 24)) as pilot:
        if place == "screen handler":
            monkeypatch.setattr(type(app.screen), "action_refresh", fail)
            await pilot.press("r")
        elif place == "worker":
            app.screen.run_worker(fail_later())
        elif place == "app":
            monkeypatch.setattr(NuvynApp, "action_jump", fail)
            await pilot.press("ctrl+o")
        else:
            app.screen.set_timer(0.01, fail)
        await until(pilot, lambda: isinstance(app.screen, Reader))
        text = app.screen._text.plain
        assert "it broke with" in text and "[/red]" in text and "canary" not in text
        await pilot.press("escape", "2")
        await until(pilot, lambda: app.current_mode == "build")
    [report] = house.settings.logs.glob("crash-*.txt")
    assert "RuntimeError" in report.read_text() and "canary" not in report.read_text()
    assert report.stat().st_mode & 0o777 == 0o600


async def test_quitting_stops_no_job(app: NuvynApp, house: House, tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"{number}.csv").write_text("x\n1\n")
    job_id = queued(house, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: house.store.line(job_id).state is not JobState.QUEUED)
        await pilot.press("ctrl+q")
    again = NuvynApp(house)
    async with again.run_test(size=(80, 24)) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: again.screen.job_id == job_id)
        await until(pilot, lambda: house.store.line(job_id).state is JobState.COMPLETED)


async def test_resizing_while_a_job_shows(demo_app: NuvynApp) -> None:
    async with demo_app.run_test(size=(120, 40)) as pilot:
        for mode in MODES:
            await demo_app.action_mode(mode)
            for size in ((60, 20), (20, 5), (120, 40)):
                await pilot.resize_terminal(*size)
                await pilot.pause()
        assert demo_app.is_running


async def test_a_designed_error_of_an_action_shows_with_its_hint_and_needs_no_report(
    app: NuvynApp, house: House
) -> None:
    job = ScriptedJob(house.store, "a")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(app.screen.query_one("#jobs", Grid).rows))
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, Reader))
        assert "is still running" in app.screen._text.plain and "nuvyn cancel" in app.screen._text.plain
    assert job.job_id and not list(house.settings.logs.glob("crash-*.txt"))


async def test_quitting_works_in_a_dialog(app: NuvynApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("question_mark")
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not app.is_running)


async def test_wrong_settings_of_the_app_are_told_and_do_not_keep_it_from_starting(
    tmp_path: Path, bare_environment: None
) -> None:
    config = 'theme = "nope"\n[keys]\n"app.quitt" = "f9"\n"app.quit" = "[["\n"jobs.demo" = "ctrl+d"\n'
    (tmp_path / "config.toml").write_text(config)
    with House(load_settings(home=str(tmp_path), environ={})) as house:
        app = NuvynApp(house)
        async with app.run_test(size=(80, 24)) as pilot:
            told = "\n".join(notice.message for notice in app._notifications)
            assert "no theme nope" in told and "Did you mean app.quit?" in told and "[[ is no key" in told
            assert "^d Demo" in app.screen.query_one(KeyLine).render_line(0).text
            await pilot.press("ctrl+q")
            await until(pilot, lambda: not app.is_running)
