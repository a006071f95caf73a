"""How many requests are in flight: it follows a server that refuses for load, and no other."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest

from core.flow import Flow

MOST = 64


class Clock:
    """Time that passes as it is told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def served(flow: Flow, clock: Clock, refuses: Callable[[int], bool], seconds: float) -> list[int]:
    """The limit after each tenth of a second of a server that answers within 20 ms."""
    limits = []
    until = clock.now + seconds
    while clock.now < until:
        clock.now += 0.1001
        for _ in range(5 * flow.limit):
            flow.answered(throttled=refuses(flow.limit))
        limits.append(flow.limit)
    return limits


def test_a_server_that_takes_twenty_is_sent_about_twenty() -> None:
    clock, chance = Clock(), random.Random(1)
    flow = Flow(MOST, clock)
    limits = served(flow, clock, lambda sent: chance.random() < max(0.0, 1 - 20 / sent), 10)
    settled = limits[20:]
    assert min(settled) >= 14 and max(settled) <= 22
    # And all of them again, once it lets them.
    assert served(flow, clock, lambda _: False, 10)[-1] == MOST


@pytest.mark.parametrize("takes", [6, 20, 40])
@pytest.mark.parametrize("seed", range(20))
def test_one_too_many_has_half_refused_and_is_found_all_the_same(takes: int, seed: int) -> None:
    clock, chance = Clock(), random.Random(seed)
    limits = served(Flow(MOST, clock), clock, lambda sent: sent > takes and chance.random() < 0.45, 20)
    settled = limits[60:]
    assert min(settled) >= takes // 2 and max(settled) <= takes + 2


@pytest.mark.parametrize("seed", range(20))
def test_faults_that_do_not_depend_on_load_slow_it_down_a_little(seed: int) -> None:
    clock, chance = Clock(), random.Random(seed)
    limits = served(Flow(MOST, clock), clock, lambda _: chance.random() < 0.2, 20)
    # It tries with few, and then goes on with nearly all.
    assert min(limits) == 4
    assert set(limits[-100:]) == {MOST * 3 // 4}


def test_a_single_refusal_among_many_answers_changes_nothing() -> None:
    clock = Clock()
    flow = Flow(MOST, clock)
    refused = iter([True])
    assert set(served(flow, clock, lambda _: next(refused, False), 5)) == {MOST}


@pytest.mark.parametrize("limit", [1, 5])
async def test_no_more_than_the_limit_are_in_flight_and_none_is_forgotten(limit: int) -> None:
    flow = Flow(limit)
    inside = most = done = 0

    async def one() -> None:
        nonlocal inside, most, done
        if not flow.enter():
            await flow.turn()
        inside += 1
        most = max(most, inside)
        try:
            await asyncio.sleep(0)
            done += 1
        finally:
            inside -= 1
            flow.leave()

    tasks = [asyncio.create_task(one()) for _ in range(100)]
    await asyncio.sleep(0)
    for task in tasks[50::3]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert most == limit
    assert done == 100 - len(tasks[50::3])
