"""A mirror on the simulator in memory, for the tests of commands and procedures."""

from collections.abc import Iterator

import pytest

from m2com_twisted.testing.mirror_bench import MirrorBench
from tests.support.mirror_procedures import slow_bench


@pytest.fixture
def bench() -> Iterator[MirrorBench]:
    """Run a mirror on the strict simulator, in time that the test passes."""
    bench = MirrorBench()
    bench.run(bench.start())
    yield bench
    bench.run(bench.stop())


@pytest.fixture
def tracking(bench: MirrorBench) -> MirrorBench:
    """Run a mirror in closed loop."""
    bench.run(bench.enable())
    return bench


@pytest.fixture
def slow() -> Iterator[MirrorBench]:
    """Run a mirror on a simulator whose power takes 40 s."""
    bench = slow_bench()
    yield bench
    bench.run(bench.stop())
