"""The simulator: what it costs to be a controller at full power with a client on each port."""

import json
import socket

from twisted.internet import reactor
from twisted.internet.task import deferLater

from m2com_twisted import PowerSystemState, PowerType
from m2com_twisted.simulator import CellController

from ..job import HOST, Job, Measurement, Meter
from . import Tasks
from .running import in_reactor

__all__ = ["TASKS"]

# Seconds until both clients are there.
_SETTLING = 0.2


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


TASKS: Tasks = {"telemetry": in_reactor(_telemetry)}
