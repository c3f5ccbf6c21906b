"""Draws the picture in recordings.rst from a recording of the simulator, in virtual time.

Run it from the root of a checkout::

    python docs/generate_plot.py
"""

import tempfile
from pathlib import Path

from m2com_twisted.catalogue import commands
from m2com_twisted.catalogue.enums import PowerType
from m2com_twisted.catalogue.messages import Command
from m2com_twisted.programs.cli import main
from m2com_twisted.recording import Recorder
from m2com_twisted.tcp_client import TcpClient
from m2com_twisted.testing import MemoryBench

PICTURE = Path(__file__).with_name("recording.png")
FIELDS = ["position.x", "position.z", "axialForce.measured[3]", "powerStatus.motorCurrent"]

# The beginning of the recording: 2026-01-31 04:00 UTC, in ns since 1970.
START = 1_769_832_000 * 10**9


def record(directory: Path) -> None:
    """Record how the mirror is switched on and moves, and a fault that opens its loop."""
    bench = MemoryBench(connect=())
    recorder = Recorder(
        directory, reactor=bench.clock, utc=lambda: START + round(bench.clock.seconds() * 1e9)
    )
    command = bench.client("command", observers=[recorder.observer("command")])
    telemetry = bench.client("telemetry", observers=[recorder.observer("telemetry")])

    async def night() -> None:
        await bench.start()
        recorder.startService()
        await command.connect()
        await telemetry.connect()
        await bench.sleep(5)
        for power_type in PowerType.Communication, PowerType.Motor:
            await _run(command, commands.Power(power_type=power_type, status=True))
            await bench.sleep(3)
        await _run(command, commands.ClearErrors())
        await _run(command, commands.SwitchForceBalanceSystem(status=True))
        await bench.sleep(5)
        await _run(command, commands.PositionMirror(x=100.0, z=-40.0))
        await bench.sleep(40)
        await _run(command, commands.PositionMirror(x=-50.0, z=60.0))
        await bench.sleep(40)
        bench.controller.inject("fault-6088")
        await bench.sleep(20)
        await _run(command, commands.ClearErrors())
        await bench.sleep(10)
        await bench.end()
        await recorder.stopService()

    bench.run(night())


async def _run(client: TcpClient, command: Command) -> None:
    await client.run_command(command.name, command.details())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        recording = Path(place) / "night-1"
        record(recording)
        main(["plot", str(recording), *FIELDS, "--output", str(PICTURE)])
