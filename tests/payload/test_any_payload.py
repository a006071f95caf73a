"""Whatever is sent as a payload, the answer is a job or errors, never a crash."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.payload.load import check, parse
from core.payload.models import OPTION_NAMES, SOURCE_TYPES
from tests.fuzz.targets import answered

NAMES = ("workflow_id", "sources", "source_id", "data_source_path", "data_source_type", "options", "job_metadata")
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(SOURCE_TYPES)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES + OPTION_NAMES) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=25,
)
SOURCES = st.fixed_dictionaries(
    {},
    optional={
        "source_id": st.sampled_from(["a", "b", "", 1]) | SCALARS,
        "data_source_path": st.sampled_from(["/x", "s3://b/k", ""]) | SCALARS,
        "data_source_type": SCALARS,
        "options": st.dictionaries(st.sampled_from(OPTION_NAMES), TREES, max_size=3) | SCALARS,
    },
)
PAYLOADS = st.fixed_dictionaries(
    {},
    optional={
        "workflow_id": st.just("w") | SCALARS,
        "sources": st.lists(SOURCES, max_size=4) | TREES,
        "job_metadata": st.fixed_dictionaries({}, optional={"sources": st.lists(SOURCES), "workflow_id": SCALARS})
        | TREES,
        "data_source_path": SCALARS,
        "options": TREES,
    },
)


@given(st.text())
def test_any_text(text: str) -> None:
    answered(parse(text))


@given(TREES)
def test_any_tree(tree: Any) -> None:
    answered(check(tree))


@given(PAYLOADS)
def test_anything_like_a_payload(payload: Any) -> None:
    answered(check(payload))
    answered(parse(json.dumps(payload)))


@given(PAYLOADS, st.data())
def test_any_damaged_json(payload: Any, data: st.DataObject) -> None:
    text = json.dumps(payload)
    at = data.draw(st.integers(0, len(text)))
    answered(parse(text[:at] + data.draw(st.text(max_size=3)) + text[at + data.draw(st.integers(0, 3)) :]))


def test_a_tree_that_holds_itself() -> None:
    tree: dict[str, Any] = {"workflow_id": "w"}
    tree["job_metadata"] = tree
    answered(check(tree))
