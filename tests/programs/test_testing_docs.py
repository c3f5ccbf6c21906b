"""The examples of docs/testing.rst run, and come to what it says."""

from pathlib import Path

import pytest

from tests.support.inner_pytest import run_module
from tests.support.pages import labelled_block


def block(label: str) -> str:
    """Return the code block under a label of the page."""
    return labelled_block("docs/testing.rst", label)


def test_trial(tmp_path: Path) -> None:
    """The tests that the page shows for trial pass under trial."""
    status, output = run_module(
        tmp_path, block("trial-test"), "twisted.trial", "--force-gc", "test_example"
    )
    assert status == 0, output
    assert "successes=3" in output


def test_trial_on_sockets(tmp_path: Path) -> None:
    """With SocketTestCase as its base, the test of the page passes on sockets."""
    text = block("trial-test").replace("MemoryTestCase", "SocketTestCase")
    name = "test_example.PowerTests.test_no_closed_loop_without_power"
    status, output = run_module(tmp_path, text, "twisted.trial", "--force-gc", name)
    assert status == 0, output
    assert "successes=1" in output


def test_pytest(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """The tests that the page shows for pytest-twisted pass under pytest."""
    plugin = [] if request.config.pluginmanager.hasplugin("m2com") else ["-ppytest_m2com"]
    options = ["-pno:asyncio", "-pno:cacheprovider", *plugin]
    status, output = run_module(
        tmp_path, block("pytest-test"), "pytest", *options, "test_example.py"
    )
    assert status == 0, output
    assert "2 passed" in output


def test_mirror(tmp_path: Path) -> None:
    """The test of a mirror passes as the page shows it."""
    status, output = run_module(
        tmp_path, block("mirror-test"), "twisted.trial", "--force-gc", "test_example"
    )
    assert status == 0, output
    assert "successes=1" in output


def test_own_service(tmp_path: Path) -> None:
    """The tests of a user's own service pass, with the simulator and with a script."""
    text = block("service") + block("service-test")
    status, output = run_module(tmp_path, text, "twisted.trial", "--force-gc", "test_example")
    assert status == 0, output
    assert "successes=2" in output


def test_own_service_that_does_not_react(tmp_path: Path) -> None:
    """If the service on the page did nothing when the loop stays closed, its test would fail."""
    text = block("service").replace("except CommandFailed:", "except ZeroDivisionError:")
    text += block("service-test")
    name = "test_example.GuardTests.test_with_a_script"
    status, output = run_module(tmp_path, text, "twisted.trial", "--force-gc", name)
    assert status == 1
    assert "which never came" in output or "TimeoutError" in output


def test_scripted(tmp_path: Path) -> None:
    """The first scripted test passes, the second fails and says what the page shows."""
    status, output = run_module(
        tmp_path, block("scripted-test"), "twisted.trial", "--force-gc", "test_example"
    )
    assert status == 1
    assert "test_second_attempt ... " in output
    assert "successes=1" in output
    assert block("scripted-output").strip() in output
