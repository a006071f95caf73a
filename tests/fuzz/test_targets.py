"""Any bytes get an answer: a few hundred damaged inputs of each reader here, millions in `bench/fuzz.py`."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.damage import damaged
from tests.fuzz.findings import FINDINGS
from tests.fuzz.seeds import SEEDS
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_seeds(name: str) -> None:
    for seed in SEEDS[name]():
        TARGETS[name](seed)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged(name: str, data: st.DataObject) -> None:
    TARGETS[name](data.draw(damaged(name)))


@pytest.mark.parametrize("found", FINDINGS)
def test_findings(found: str) -> None:
    name, data = FINDINGS[found]
    TARGETS[name](data)
