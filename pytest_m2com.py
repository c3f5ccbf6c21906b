"""Fixtures of m2com_twisted for pytest-twisted.

This module stands beside the package, because pytest imports its plugins in
every session.  It imports only pytest, and nothing of the package before a
fixture is used.  Without pytest-twisted it offers no fixtures.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from m2com_twisted.simulator import Profile
    from m2com_twisted.testing import MemoryBench, MirrorBench, SocketBench

__all__ = ["pytest_configure"]

#: The names under which pytest knows pytest-twisted: its entry point and its module.
_PYTEST_TWISTED = ("twisted", "pytest_twisted")


def pytest_configure(config: pytest.Config) -> None:
    """Offer the fixtures if pytest-twisted is there."""
    if any(config.pluginmanager.hasplugin(name) for name in _PYTEST_TWISTED):
        config.pluginmanager.register(_Fixtures(), "m2com fixtures")


class _Fixtures:
    """The fixtures, which pytest finds by their decorator."""

    @pytest.fixture
    def m2_profile(self) -> "Profile":
        """Return the simulator's profile; override the fixture for another one."""
        from m2com_twisted.simulator import DEFAULT

        return DEFAULT

    @pytest.fixture
    def m2_bench(self, m2_profile: "Profile") -> "Iterator[SocketBench]":
        """Run a simulator on loopback sockets, with a client connected to each port.

        See `m2com_twisted.testing.SocketBench`.
        """
        from pytest_twisted import blockon
        from twisted.internet import reactor
        from twisted.internet.defer import Deferred

        from m2com_twisted.testing import SocketBench

        bench = SocketBench(reactor, profile=m2_profile)
        blockon(Deferred.fromCoroutine(bench.start()))
        yield bench
        blockon(Deferred.fromCoroutine(bench.stop()))

    @pytest.fixture
    def m2_memory_bench(self, m2_profile: "Profile") -> "Iterator[MemoryBench]":
        """Run a simulator and clients in memory, in virtual time.

        See `m2com_twisted.testing.MemoryBench`.
        """
        from m2com_twisted.testing import MemoryBench

        bench = MemoryBench(profile=m2_profile)
        bench.run(bench.start())
        yield bench
        bench.run(bench.stop())

    @pytest.fixture
    def m2_mirror_bench(self) -> "Iterator[MirrorBench]":
        """Run a mirror on a simulator with realistic times, in memory and in virtual time.

        See `m2com_twisted.testing.MirrorBench`.
        """
        from m2com_twisted.testing import MirrorBench

        bench = MirrorBench()
        bench.run(bench.start())
        yield bench
        bench.run(bench.stop())
