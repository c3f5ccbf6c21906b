"""The bench on loopback sockets, and the fixtures of pytest-twisted."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as installed

from m2com_twisted import TcpClient
from m2com_twisted.testing import SocketBench
from tests.support.inner_pytest import run_pytest

ROOT = Path(__file__).parents[2]
POWER_ON = {"powerType": 2, "status": True}

# Any: by its declared type the reactor is a module.
reactor: Any = installed


@pytest_twisted.ensureDeferred
async def test_clean() -> None:
    """A simulator and its clients run on free ports, and nothing is left of them."""
    bench = SocketBench(reactor)
    await bench.start()
    await bench.commands.run_command("power", POWER_ON)
    await bench.events.wait_for("powerSystemState", state=5)
    await bench.measurements.wait_for("powerStatus")
    await bench.stop()


@pytest_twisted.ensureDeferred
async def test_client_left_running() -> None:
    """A client that the test forgot to close fails it."""
    bench = SocketBench(reactor, connect=("telemetry",))
    await bench.start()
    forgotten = TcpClient("127.0.0.1", bench.controller.command_port, dict)
    await forgotten.connect()
    with pytest.raises(AssertionError, match="Left running: "):
        await bench.stop()
    await forgotten.close()


@pytest_twisted.ensureDeferred
async def test_client_that_ran_before() -> None:
    """A client that ran before the bench was made is not blamed on the test."""
    first = SocketBench(reactor, connect=())
    await first.start()
    await first.commands.connect()
    second = SocketBench(reactor)
    await second.start()
    # The first simulator sends telemetry in the meantime.
    await first.sleep(0.12)
    await second.stop()
    await first.stop()


@pytest_twisted.ensureDeferred
async def test_script() -> None:
    """A scripted controller listens on a port of its own."""
    bench = SocketBench(reactor, connect=())
    await bench.start()
    script = bench.scripted_controller()
    script.expect_command("power").ack().after(0.01).success()
    client = bench.client(script)
    await client.connect()
    assert (await client.run_command("power")).latency >= 0.01
    await bench.stop()


def test_needs_neither_pytest_nor_a_reactor() -> None:
    """Importing the kit imports no pytest, and installs no reactor."""
    program = "import sys, m2com_twisted.testing; print('pytest' in sys.modules, " + (
        "'twisted.internet.reactor' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    assert subprocess.check_output(command, env=environment, timeout=60) == b"False False\n"


EXAMPLES = """
import pytest_twisted

POWER_ON = {"powerType": 2, "status": True}


@pytest_twisted.ensureDeferred
async def test_sockets_pass(m2_bench):
    await m2_bench.commands.run_command("power", POWER_ON)


def test_memory_passes(m2_memory_bench):
    bench = m2_memory_bench
    bench.run(bench.commands.run_command("power", POWER_ON))
    bench.advance(60)


def test_mirror_passes(m2_mirror_bench):
    bench = m2_mirror_bench
    bench.run(bench.enable())
    assert bench.model.mirror.loop_closed
    assert bench.run(bench.mirror.make_safe()).safe


def test_mirror_fails(m2_mirror_bench):
    m2_mirror_bench.scripted_controller().expect_command("power")


@pytest_twisted.ensureDeferred
async def test_sockets_fail(m2_bench):
    await m2_bench.commands.close()
    await m2_bench.client("command", lambda message: 1 / 0).connect()
    await m2_bench.sleep(0.01)


def test_memory_fails(m2_memory_bench):
    m2_memory_bench.scripted_controller().expect_command("power")
"""


def kit_plugin(config: pytest.Config) -> tuple[str, ...]:
    """Return the option that loads the kit's plugin if the package is not installed."""
    return () if config.pluginmanager.hasplugin("m2com") else ("-ppytest_m2com",)


def run_with_kit(request: pytest.FixtureRequest, path: Path, text: str, *options: str) -> str:
    """Run pytest on a module with the kit's plugin and the reactor of this session."""
    reactor = f"--reactor={request.config.getoption('reactor')}"
    return run_pytest(path, text, *kit_plugin(request.config), reactor, *options)


def test_fixtures(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """The fixtures give a running bench, and fail the test for what it leaves."""
    output = run_with_kit(request, tmp_path / "test_examples.py", EXAMPLES, "-Werror")
    summary = re.findall(r"^(PASSED|ERROR) \S+::(\w+)", output, re.MULTILINE)
    outcomes = {name: outcome for outcome, name in summary}
    assert outcomes == {
        "test_sockets_pass": "PASSED",
        "test_memory_passes": "PASSED",
        "test_mirror_passes": "PASSED",
        "test_mirror_fails": "ERROR",
        "test_sockets_fail": "ERROR",
        "test_memory_fails": "ERROR",
    }
    assert "ZeroDivisionError" in output
    assert "It expected the command power with any details, which never came." in output


def test_inert_without_pytest_twisted(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Without pytest-twisted there are no fixtures, and pytest is not disturbed."""
    text = """
import sys

def test_nothing_is_imported(request):
    assert not request.config.pluginmanager.hasplugin("m2com fixtures")
    assert not any(name.partition(".")[0] in ("twisted", "m2com_twisted") for name in sys.modules)
"""
    plugin = kit_plugin(request.config)
    output = run_pytest(tmp_path / "test_example.py", text, "-pno:twisted", *plugin)
    assert "1 passed" in output, output


def test_costs_nothing_unused(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """A session that uses none of the fixtures imports nothing of the package."""
    text = """
import sys

def test_nothing_is_imported(request):
    assert request.config.pluginmanager.hasplugin("m2com fixtures")
    assert not any(name.partition(".")[0] == "m2com_twisted" for name in sys.modules)
"""
    assert "1 passed" in run_with_kit(request, tmp_path / "test_example.py", text)
