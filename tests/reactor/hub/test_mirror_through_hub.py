"""The mirror as an object, on a link that is a reader of the hub."""

import pytest_twisted

from m2com_twisted import CellControllerService, PowerType
from m2com_twisted.catalogue import commands
from m2com_twisted.hub import HubPublisher, RemoteController
from m2com_twisted.mirror import Mirror
from m2com_twisted.simulator import CellController
from tests.support.hub import PATIENCE, new_settings
from tests.support.nats_server import NatsServer, needs_nats_server
from tests.support.waiting import until

pytestmark = needs_nats_server


@pytest_twisted.ensureDeferred
async def test_mirror_through_the_hub(nats_server: NatsServer, controller: CellController) -> None:
    """A mirror on a reader is ready, knows the state from before it came, and proves a command."""
    settings = new_settings(nats_server)
    publisher = HubPublisher(settings)
    service = CellControllerService(
        "127.0.0.1",
        controller.command_port,
        controller.telemetry_port,
        command_observers=[publisher.observer("command")],
        telemetry_observers=[publisher.observer("telemetry")],
    )
    publisher.serve(service.run_command, ["power"])
    publisher.startService()
    service.startService()
    await until(lambda: publisher.stats.events > 90, PATIENCE)
    remote = RemoteController(settings)
    mirror = Mirror(link=remote)
    mirror.startService()
    remote.startService()
    try:
        await mirror.ready(timeout=20)
        communication = PowerType.Communication
        await mirror.run(commands.Power(power_type=communication, status=True))
        assert mirror.state.communication_power
        assert len(mirror.state.ilcs) == 84
    finally:
        await mirror.stopService()
        await remote.stopService()
        await service.stopService()
        await publisher.stopService()
