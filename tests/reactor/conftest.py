"""Fixtures of the tests on the real reactor."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.support.aio_bench import Bench
from tests.support.asyncio_reactor import AsyncioReactor
from tests.support.fixtures import controller

__all__ = ["asyncio_reactor", "bench", "controller"]


@pytest.fixture(scope="session")
def asyncio_reactor() -> Iterator[AsyncioReactor]:
    """Yield a reactor on asyncio."""
    reactor = AsyncioReactor()
    yield reactor
    reactor.close()


@pytest.fixture(params=["lazy tasks", "eager tasks"])
def bench(asyncio_reactor: AsyncioReactor, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """Yield a server, not started, and what makes clients of it; under both kinds of tasks."""
    loop = asyncio_reactor.loop
    before = loop.get_task_factory()
    if request.param == "eager tasks":
        # New in Python 3.12.
        eager_task_factory = getattr(asyncio, "eager_task_factory", None)
        if eager_task_factory is None:
            pytest.skip("Python has no eager tasks before 3.12.")
        loop.set_task_factory(eager_task_factory)
    yield Bench(asyncio_reactor)
    loop.set_task_factory(before)
