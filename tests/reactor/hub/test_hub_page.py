"""The example on the page about the hub."""

import ast
from typing import Any

import pytest_twisted

from m2com_twisted.programs.cli import Options
from m2com_twisted.programs.m2com_tap import Options as TapOptions
from tests.support.hub import PATIENCE, new_settings, played_service
from tests.support.nats_server import NatsServer, needs_nats_server
from tests.support.pages import code_blocks
from tests.support.waiting import until

pytestmark = needs_nats_server


@pytest_twisted.ensureDeferred
async def test_reader_of_the_page(nats_server: NatsServer) -> None:
    """The reader of docs/hub.rst receives from a service and sends a command through it."""
    settings = new_settings(nats_server)
    (block,) = code_blocks("docs/hub.rst", "python")
    example = block.replace("nats://hub.example", nats_server.url)
    begin, command = example.replace('"main"', repr(settings.instance)).split("outcome = ")
    names: dict[str, Any] = {"on_event": print, "on_telemetry": print}
    async with played_service(settings, ["clearErrors"]) as service:
        exec(begin, names)
        controller = names["controller"]
        await until(lambda: controller.state.both_up, PATIENCE)
        await eval(compile(command, "example", "eval", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
        await controller.stopService()
    assert service.executed == [("clearErrors", {})]


def test_command_lines_of_the_page() -> None:
    """Each command line of the page about the hub is one that the programs take."""
    for line in code_blocks("docs/hub.rst", "sh")[0].splitlines():
        words = line.partition("#")[0].split()
        if words[:1] == ["m2com"]:
            Options().parseOptions(words[1:])
        elif words[:1] == ["twistd"]:
            TapOptions().parseOptions(words[words.index("m2com") + 1 :])
