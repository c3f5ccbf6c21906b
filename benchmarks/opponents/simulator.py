"""The simulator: what it costs to be a controller at full power with a client on each port."""

import json
import socket
from operator import ne

from twisted.internet import reactor
from twisted.internet.task import deferLater

from m2com_twisted import PowerSystemState, PowerType
from m2com_twisted.simulator import CellController

from ..job import HOST, Job, Measurement, Meter
from ..loads import powered_model
from . import Tasks
from .running import in_reactor

__all__ = ["TASKS"]

# Seconds until both clients are there.
_SETTLING = 0.2

# Updates that are not measured.
_WARM_UP = 10

# The least number of actuators that must move in an update, on average.  The six hardpoints do not.
_MOVED = 70


async def _telemetry(job: Job) -> Measurement:
    controller = CellController(seed=1)
    await controller.start()
    for power_type in PowerType:
        controller.model.set_power_state(power_type, PowerSystemState.PoweredOn)
    controller.model.close_loop()
    connections = []
    for port in (controller.command_port, controller.telemetry_port):
        connection = socket.create_connection((HOST, job.port))
        connection.sendall(json.dumps({"drain": port}).encode() + b"\r\n")
        connections.append(connection)
    await deferLater(reactor, _SETTLING)
    meter = Meter()
    await deferLater(reactor, job.seconds)
    measurement = meter.read(0)
    await controller.stop()
    for connection in connections:
        connection.close()
    return measurement


def _motion(job: Job) -> Measurement:
    """Have the force loop move all 78 actuators but the hardpoints, again and again."""
    model = powered_model()
    # One offset after the other, which are never borne before the next.
    offsets = [[force if index % 2 else -force for index in range(78)] for force in (40.0, -40.0)]
    for number in range(_WARM_UP):
        model.mirror.applied = offsets[number % 2]
        model.mirror.update()
    moved, meter = 0, Meter()
    for number in range(job.repeat):
        before = model.mirror.steps
        model.mirror.applied = offsets[number % 2]
        model.mirror.update()
        moved += sum(map(ne, before, model.mirror.steps))
    measurement = meter.read(job.repeat)
    if moved < _MOVED * job.repeat:
        raise RuntimeError(f"only {moved / job.repeat:.1f} actuators moved in an update")
    return measurement


TASKS: Tasks = {"telemetry": in_reactor(_telemetry), "motion": _motion}
