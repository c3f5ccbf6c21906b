"""Trial runs the kit's TestCases, in whatever way it is started."""

import re
from pathlib import Path

import pytest

from tests.support.inner_pytest import run_module

MODULE = """
from twisted.internet.defer import Deferred, inlineCallbacks

from m2com_twisted.testing import MemoryTestCase, SocketTestCase

POWER_ON = {"powerType": 2, "status": True}


class Memory(MemoryTestCase):
    async def test_coroutine(self):
        await self.commands.run_command("power", POWER_ON)

    @inlineCallbacks
    def test_inline_callbacks(self):
        yield Deferred.fromCoroutine(self.commands.run_command("power", POWER_ON))
        yield Deferred.fromCoroutine(self.bench.sleep(60))

    async def test_fails(self):
        await self.bench.sleep(60)
        self.fail("on purpose")


class Sockets(SocketTestCase):
    async def test_coroutine(self):
        await self.commands.run_command("power", POWER_ON)

    @inlineCallbacks
    def test_inline_callbacks(self):
        yield Deferred.fromCoroutine(self.commands.run_command("power", POWER_ON))

    async def test_fails(self):
        await self.bench.sleep(0)
        self.fail("on purpose")


class SetUpFails(SocketTestCase):
    async def setUp(self):
        await super().setUp()
        self.fail("on purpose")

    async def test_fails(self):
        raise NotImplementedError("never comes to this")


class WithoutInlineCallbacks(SocketTestCase):
    def test_generator(self):
        yield NotImplementedError("never comes to this")


class MemoryWithoutInlineCallbacks(MemoryTestCase):
    def test_generator(self):
        yield NotImplementedError("never comes to this")


class Skipped(SocketTestCase):
    async def test_skipped(self):
        raise NotImplementedError("never comes to this")

    test_skipped.skip = "for now"
"""


def trial(path: Path, *arguments: str) -> str:
    """Run trial on the module, in a process of its own, and return what it prints."""
    return run_module(path, MODULE, "twisted.trial", "--force-gc", *arguments)[1]


@pytest.mark.parametrize("option", ["--reactor=default", "--reactor=asyncio", "-j2"])
def test_whole_module(tmp_path: Path, option: str) -> None:
    """Tests fail for no reasons but their own, on either reactor and in several processes."""
    output = trial(tmp_path, option, "test_example")
    assert "FAILED (skips=1, failures=2, errors=3, successes=4)" in output, output
    assert output.count("on purpose") >= 3
    assert output.count("is a generator function") >= 2
    assert "unclean" not in output
    assert "Left running" not in output


@pytest.mark.parametrize("name", ["Memory.test_coroutine", "Sockets.test_inline_callbacks"])
def test_one_by_name(tmp_path: Path, name: str) -> None:
    """A single test can be asked for."""
    output = trial(tmp_path, f"test_example.{name}")
    assert re.search(r"^PASSED \(successes=1\)$", output, re.MULTILINE), output
