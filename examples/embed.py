"""The controller in a program that runs the reactor itself.

    python embed.py [HOST COMMAND_PORT TELEMETRY_PORT]

Try it beside ``m2com simulate``.  Ctrl-C ends it.
"""

import logging
import sys
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred

from m2com_twisted import CellControllerService, CommandError, ControllerState, PowerType

Message = dict[str, Any]


async def on_event(message: Message) -> None:
    """Show the events that this program uses."""
    if message["id"] == "powerSystemState":
        print("power:", PowerType(message["powerType"]).name, message["status"], flush=True)


async def on_telemetry(message: Message) -> None:
    """Show the force along the axis of the mirror."""
    if message["id"] == "netForcesTotal":
        print(f"fz: {message['fz']:.0f} N", flush=True)


async def on_state(state: ControllerState) -> None:
    """Switch the power on each time that both connections are up."""
    if state.both_up:
        print("both ports are up", flush=True)
        try:
            for power_type in (PowerType.Communication, PowerType.Motor):
                await service.run_command("power", {"powerType": power_type, "status": True})
        except CommandError as error:
            print("no power:", error, flush=True)


logging.basicConfig(level=logging.INFO)
host, *ports = sys.argv[1:] or ["127.0.0.1", "50000", "50001"]
service = CellControllerService(
    host, *map(int, ports), on_event=on_event, on_telemetry=on_telemetry, on_state=on_state
)
service.startService()


def stop() -> Deferred[None]:
    """Close the connections before the reactor stops."""
    return service.stopService()


reactor.addSystemEventTrigger("before", "shutdown", stop)
reactor.run()
