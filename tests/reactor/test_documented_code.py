"""Every code block of the documentation that can run is run by a test."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, SimpleNamespace
from typing import Any

import pytest
import pytest_twisted
from twisted.application.service import IService, MultiService

from m2com_twisted import CellControllerService, PowerType, TcpClient
from m2com_twisted.catalogue import events
from m2com_twisted.programs.m2com_tap import Options
from m2com_twisted.simulator import CellController
from tests.support.embedded_service import Embedded
from tests.support.pages import PAGES, ROOT, code_blocks
from tests.support.waiting import the_reactor, until

#: The pages with Python, and the test that runs their blocks.
RUN_BY = {
    "README.rst": "tests/reactor/test_documented_code.py",
    "docs/catalogue.rst": "tests/unit/catalogue/test_catalogue_page.py",
    "docs/connection.rst": "tests/reactor/test_documented_code.py",
    "docs/hub.rst": "tests/reactor/hub/test_hub_page.py",
    "docs/mirror.rst": "tests/unit/mirror/test_mirror_page.py",
    "docs/recordings.rst": "tests/unit/recording/test_recordings_page.py",
    "docs/running.rst": "tests/reactor/test_documented_code.py",
    "docs/simulator.rst": "tests/reactor/test_documented_code.py",
    "docs/testing.rst": "tests/programs/test_testing_docs.py",
}


def _compiled(block: str) -> CodeType:
    """Compile a block; it may await where it stands, as an example does."""
    code: CodeType = compile(block, "example", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    return code


async def _run(block: str, names: dict[str, Any]) -> None:
    """Run a block that awaits."""
    await eval(_compiled(block), names)


def test_each_page_with_python_has_a_test_that_runs_it() -> None:
    """A page with a block of Python is listed here, with a test that names it."""
    with_python = {
        page for page in PAGES if code_blocks(page, "python") or code_blocks(page, "pycon")
    }
    assert with_python == set(RUN_BY)
    for page, test in RUN_BY.items():
        assert Path(page).name in (ROOT / test).read_text(encoding="utf-8"), test


@pytest.mark.parametrize("page", PAGES)
def test_python_on_a_page_compiles(page: str) -> None:
    """Each block of Python is complete: it compiles by itself."""
    for block in code_blocks(page, "python"):
        _compiled(block)


@pytest_twisted.ensureDeferred
async def test_first_example_of_the_readme(
    controller: CellController, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first example of README.rst switches the power on and shows what it receives."""
    block = code_blocks("README.rst", "python")[0]
    program = block.replace("50000", str(controller.command_port))
    namespace: dict[str, Any] = {}
    exec(program.replace("task.react(main)", ""), namespace)
    await namespace["main"](the_reactor())
    output = capsys.readouterr().out
    assert "The power is on after " in output
    assert "tcpIpConnected" in output


@pytest_twisted.ensureDeferred
async def test_embedded_client_of_the_readme(controller: CellController) -> None:
    """The service of README.rst connects when it is started, and leaves nothing when stopped."""
    namespace: dict[str, Any] = {}
    exec(code_blocks("README.rst", "python")[1], namespace)
    service = namespace["MirrorService"]("127.0.0.1", controller.command_port)
    assert IService.providedBy(service)
    service.startService()
    await until(lambda: controller.command_factory.client)
    await service.stopService()


def test_embedded_service_of_the_page_about_running() -> None:
    """The service of docs/running.rst becomes a child of the application, with its elevation."""
    application = MultiService()
    names = {
        "application": application,
        "on_event": print,
        "on_telemetry": print,
        "on_state": print,
        "mount": SimpleNamespace(elevation=45.0, measured_at=0.0),
    }
    for block in code_blocks("docs/running.rst", "python")[:1]:
        exec(block, names)
    (service,) = application.services
    assert isinstance(service, CellControllerService)


@pytest_twisted.ensureDeferred
async def test_typed_commands_of_the_page_about_the_catalogue(controller: CellController) -> None:
    """The block of docs/catalogue.rst sends a command and what the mount has to say."""
    async with TcpClient("127.0.0.1", controller.command_port, dict) as client:
        names: dict[str, Any] = {"client": client, "PowerType": PowerType}
        await _run(code_blocks("docs/catalogue.rst", "python")[0], names)
        assert names["outcome"].command == "power"
        await until(lambda: controller.received[-1]["id"] == "evt_mountInPosition")


def test_subscription_of_the_page_about_the_catalogue() -> None:
    """The block of docs/catalogue.rst subscribes with the service, and cancels that."""
    names = {"service": Embedded().service, "events": events}
    exec(code_blocks("docs/catalogue.rst", "python")[1], names)


def test_observer_of_the_page_about_the_connection() -> None:
    """The observer of docs/connection.rst counts the bytes of both directions."""
    names: dict[str, Any] = {}
    exec(code_blocks("docs/connection.rst", "python")[0], names)
    counter = names["counter"]
    counter.received(b"12345", {})
    counter.sent(b"123")
    assert (counter.received_bytes, counter.sent_bytes) == (5, 3)


@pytest_twisted.ensureDeferred
async def test_injections_of_the_page_about_the_simulator() -> None:
    """The block of docs/simulator.rst starts a controller and injects faults by name."""
    names: dict[str, Any] = {"CellController": CellController}
    await _run(code_blocks("docs/simulator.rst", "python")[0], names)
    assert names["controller"].model.faults.status
    await names["controller"].stop()


def _twistd_commands() -> Iterator[list[str]]:
    """Yield the words after ``m2com`` of each line for twistd in the documentation."""
    for page in PAGES:
        for block in code_blocks(page, "sh") + code_blocks(page, "ini"):
            for command in re.findall(r"twistd.*? m2com((?:.*\\\n)*.*)", block):
                yield shlex.split(command.replace("\\\n", " "), comments=True)


def test_options_of_documented_twistd_commands_exist() -> None:
    """Every option that the pages give to ``twistd m2com`` is one that it has."""
    known = {f"--{name.rstrip('=')}" for name in Options().longOpt}
    commands = list(_twistd_commands())
    assert commands
    for words in commands:
        assert {word for word in words if word.startswith("--")} <= known
