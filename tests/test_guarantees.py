"""Each promise of `docs/guarantees.md` names the test that keeps it."""

from __future__ import annotations

import re

from tests.command import ROOT

TEXT = (ROOT / "docs" / "guarantees.md").read_text()
LINK = re.compile(r"\]\(\.\./([^)#]+)#([^)]+)\)")


def test_each_test_that_is_named_is_there() -> None:
    links = LINK.findall(TEXT)
    assert len(links) >= 30
    for path, name in links:
        source = (ROOT / path).read_text()
        assert re.search(rf"^(?:async )?def {re.escape(name)}\(", source, re.MULTILINE), f"{path} has no {name}"


def test_each_promise_names_one() -> None:
    promised = TEXT.partition("## What is not promised")[0]
    promises = re.split(r"^- (?=\*\*)", promised, flags=re.MULTILINE)[1:]
    assert len(promises) >= 15
    assert [promise.splitlines()[0] for promise in promises if not LINK.search(promise)] == []
