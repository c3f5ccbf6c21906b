"""A service written for asyncio, in a process whose reactor is Twisted's asyncio reactor.

It switches the communication power on, watches telemetry for a while, switches the power off
and ends.  Without arguments it connects to a simulated controller.  With a host, a command port
and a telemetry port it connects to the controller at this address.
"""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

from twisted.internet import asyncioreactor

# This must come before the first import of twisted.internet.reactor.
loop = asyncio.new_event_loop()
asyncioreactor.install(loop)

from twisted.internet import task  # noqa: E402 - after the reactor is installed
from twisted.internet.defer import Deferred  # noqa: E402

from m2com_twisted import PowerSystemState, PowerType  # noqa: E402
from m2com_twisted.aio import TcpClient  # noqa: E402
from m2com_twisted.simulator import CellController  # noqa: E402
from m2com_twisted.wire.codec import Message  # noqa: E402

#: Number of telemetry messages to wait for: those of one second, while the motors are off.
WATCHED = 60


async def report_event(message: Message) -> None:
    """Print each state of a power system."""
    if message["id"] == "powerSystemState":
        print("power:", PowerSystemState(message["state"]).name)


async def count_telemetry(watched: asyncio.Semaphore, message: Message) -> None:
    """Tell the service that a message came.  Any asyncio primitive can be used."""
    watched.release()


async def serve(host: str, command_port: int, telemetry_port: int) -> None:
    """Switch the power on, watch telemetry, and switch the power off."""
    watched = asyncio.Semaphore(0)
    commands = TcpClient(host, command_port, report_event, name="command")
    telemetry = TcpClient(host, telemetry_port, count_telemetry, watched, name="telemetry")
    async with commands, telemetry:
        await power(commands, True)
        for _ in range(WATCHED):
            await asyncio.wait_for(watched.acquire(), timeout=5)
        await power(commands, False)
    print("closed")


async def power(client: TcpClient, status: bool) -> None:
    """Switch the communication power on or off."""
    details = {"powerType": PowerType.Communication, "status": status}
    outcome = await client.run_command("power", details)
    print(f"power {'on' if status else 'off'} after {outcome.latency:.3f} s")


async def run(*address: str) -> None:
    """Run the service with the controller at the given address, or with a simulated one."""
    if address:
        host, command_port, telemetry_port = address
        await in_asyncio(serve(host, int(command_port), int(telemetry_port)))
        return
    controller = CellController()
    await controller.start()
    try:
        await in_asyncio(
            serve(controller.interface, controller.command_port, controller.telemetry_port)
        )
    finally:
        await controller.stop()


def in_asyncio(coroutine: Coroutine[Any, Any, None]) -> "Deferred[None]":
    """Run an asyncio coroutine as a task.  Return its Deferred for Twisted."""
    return Deferred.fromFuture(loop.create_task(coroutine))


if __name__ == "__main__":
    task.react(lambda reactor: Deferred.fromCoroutine(run(*sys.argv[1:])))
