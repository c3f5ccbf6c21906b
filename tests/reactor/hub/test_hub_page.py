"""The example on the page about the hub."""

import ast
from typing import Any

import pytest_twisted

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
