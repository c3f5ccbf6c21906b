"""The service on real sockets, against a simulated controller."""

import time
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred

from m2com_twisted import CellControllerService, Elevation, ElevationFeeder
from m2com_twisted.recording import Recorder, read_recording
from m2com_twisted.simulator import CellController
from tests.support.waiting import until


def service_for(controller: CellController, **options: Any) -> CellControllerService:
    """Return a service that dials again at once when it has to."""
    defaults = {"retry_policy": lambda failures: 0.01}
    return CellControllerService(
        "127.0.0.1",
        controller.command_port,
        controller.telemetry_port,
        **{**defaults, **options},
    )


@pytest_twisted.ensureDeferred
async def test_both_ports_as_one(controller: CellController) -> None:
    """The service delivers events and telemetry, runs commands, stops, and starts again."""
    ids: set[str] = set()
    service = service_for(
        controller,
        on_event=lambda message: ids.add(message["id"]),
        on_telemetry=lambda message: ids.add(message["id"]),
    )
    for _ in range(2):
        ids.clear()
        service.startService()
        await until(lambda: {"powerSystemState", "powerStatus"} <= ids)
        assert service.state.both_up
        assert (await service.run_command("clearErrors")).command == "clearErrors"
        await service.stopService()
        assert not service.state.both_up


@pytest_twisted.ensureDeferred
async def test_controller_that_comes_late() -> None:
    """The service finds a controller that starts after it."""
    controller = CellController()
    await controller.start()
    await controller.stop()
    service = service_for(controller)
    service.startService()
    await until(lambda: service.stats.command.last_error)
    late = CellController(controller.command_port, controller.telemetry_port)
    await late.start()
    await until(lambda: service.state.both_up)
    await service.stopService()
    await late.stop()


@pytest_twisted.ensureDeferred
async def test_port_that_another_client_holds(
    controller: CellController, caplog: pytest.LogCaptureFixture
) -> None:
    """A taken port is reported once, dialled again, and used when the other client leaves."""
    other = service_for(controller)
    other.startService()
    await until(lambda: other.stats.command.messages)
    service = service_for(controller)
    service.startService()
    await until(lambda: service.stats.command.connects > 6)
    assert service.stats.command.messages == 0
    said = [r for r in caplog.records if "another client may hold the port" in r.getMessage()]
    assert sorted(record.getMessage().split(":")[0] for record in said) == ["command", "telemetry"]
    await other.stopService()
    await until(lambda: service.stats.command.messages and service.stats.telemetry.messages)
    await service.stopService()


@pytest_twisted.ensureDeferred
async def test_elevation_reaches_the_controller(controller: CellController) -> None:
    """The controller receives the elevation as long as the source has one."""
    angles: list[float] = []

    def latest() -> Elevation | None:
        return Elevation(angles.pop(0), time.monotonic()) if angles else None

    def received() -> list[float]:
        messages = controller.received
        return [one["actualPosition"] for one in messages if one["id"] == "tel_elevation"]

    feeder = ElevationFeeder(latest, rate=100)
    service = service_for(controller, elevation=feeder)
    service.startService()
    await until(lambda: service.state.both_up)
    angles += [60.0, 61.0]
    await until(lambda: received() == [60.0, 61.0] and feeder.stale)
    assert feeder.sent == 2
    await service.stopService()


@pytest_twisted.ensureDeferred
async def test_record_has_what_a_busy_handler_has_not(
    controller: CellController, tmp_path: Path
) -> None:
    """Everything is recorded, even while the handler is still at the first message."""
    recorder = Recorder(tmp_path)
    recorder.startService()
    service = service_for(
        controller,
        on_event=lambda message: Deferred(),
        on_telemetry=lambda message: Deferred(),
        command_observers=[recorder.observer("command")],
        telemetry_observers=[recorder.observer("telemetry")],
    )
    service.startService()
    await until(lambda: service.stats.telemetry.messages > 10)
    await service.stopService()
    await recorder.stopService()
    stats = service.stats
    recorded = [one for one in read_recording(tmp_path) if one.kind == "received"]
    assert len(recorded) == stats.command.messages + stats.telemetry.messages
