"""A client and a simulator on either side of a virtual cable, with faults of the real kernel.

Runs in network namespaces of its own, so nothing of the machine is touched.
"""

import contextlib
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from twisted.internet.task import LoopingCall, deferLater, react

from m2com_twisted import TcpClient
from m2com_twisted.support.clock import use_monotonic_clock
from tests.soak.server import COMMAND_PORT, GARBAGE_PORT, SEQUENCE_ID, TELEMETRY_PORT

__all__ = ["DURATIONS", "NetworkRow", "run_network", "why_impossible"]

#: How long the cable is pulled, in seconds.
DURATIONS = (1, 5, 15, 30, 150)

_HERE, _THERE = "10.77.0.1", "10.77.0.2"

# As `CellControllerService` has it for telemetry, in seconds.
_SILENCE = 10.0

# Seconds for a connection to come back once all is well: the longest delay and some more.
_PATIENCE = 60.0

# Descriptors that the process may have when it is to run out of them.
_FEW_DESCRIPTORS = 128


@dataclass
class NetworkRow:
    """What one fault did to one connection; times are in seconds, None: it never happened."""

    fault: str
    port: str
    #: From the beginning of the fault until the client knew.
    noticed: float | None
    #: From the end of the fault until the first message.
    back: float | None
    #: Messages that the simulator wrote and the client never got.
    lost: int | None
    #: Anything else that was measured.
    remark: str = ""


def why_impossible() -> str | None:
    """Return why this machine cannot run it; None if it can."""
    for tool in ("unshare", "nsenter", "ip"):
        if shutil.which(tool) is None:
            return f"there is no {tool}"
    tried = subprocess.run([*_unshare(), "ip", "link", "set", "lo", "up"], capture_output=True)
    return None if tried.returncode == 0 else tried.stderr.decode().strip() or "unshare failed"


def run_network(durations: tuple[int, ...] = DURATIONS) -> list[NetworkRow]:
    """Run all faults, which takes their sum and a minute or two."""
    command = [*_unshare(), sys.executable, "-m", "tests.soak.network", json.dumps(durations)]
    bound = 600 + 2 * sum(durations)
    result = subprocess.run(command, stdout=subprocess.PIPE, timeout=bound, check=True)
    return [NetworkRow(**row) for row in json.loads(result.stdout.splitlines()[-1])]


def _unshare() -> list[str]:
    return ["unshare", "-n"] if os.getuid() == 0 else ["unshare", "-rn"]


class Cable:
    """Two namespaces, this process's and another one, and a cable between them."""

    def __init__(self) -> None:
        # It holds the other namespace, so that the simulator may die.
        self._holder = subprocess.Popen(["unshare", "-n", "sleep", "infinity"])
        self._wait_for_namespace()
        _ip("link", "set", "lo", "up")
        _ip("link", "add", "here", "type", "veth", "peer", "name", "there")
        _ip("link", "set", "there", "netns", str(self._holder.pid))
        _ip("address", "add", f"{_HERE}/24", "dev", "here")
        _ip("link", "set", "here", "up")
        self.there("ip", "address", "add", f"{_THERE}/24", "dev", "there")
        self.plug(True)

    def _wait_for_namespace(self) -> None:
        own = os.readlink("/proc/self/ns/net")
        while os.readlink(f"/proc/{self._holder.pid}/ns/net") == own:
            time.sleep(0.01)

    def there(self, *command: str) -> None:
        """Run a command in the other namespace."""
        subprocess.run(self.words(*command), check=True)

    def words(self, *command: str) -> list[str]:
        """Return a command that runs in the other namespace."""
        return ["nsenter", "-t", str(self._holder.pid), "-n", *command]

    def plug(self, is_plugged: bool) -> None:
        """Plug the cable in, or pull it."""
        self.there("ip", "link", "set", "there", "up" if is_plugged else "down")

    def cut(self) -> None:
        """End the other namespace."""
        self._holder.kill()
        self._holder.wait()


class Simulator:
    """The simulator in the other namespace."""

    def __init__(self, cable: Cable) -> None:
        self._cable = cable
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        words = self._cable.words(sys.executable, "-m", "tests.soak.server")
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """Kill it."""
        self.signal(signal.SIGKILL)
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.wait()
        self._process.stdout.close()


class Probe:
    """A client, and when it lost its connection and heard its first message since."""

    def __init__(self, reactor: Any, name: str, port: int, timeout: float | None) -> None:
        self.name = name
        self.client = TcpClient(
            _THERE,
            port,
            self._message,
            name=name,
            reactor=reactor,
            connect_callback=self._change,
        )
        self.client.timeout = timeout
        self._losses: list[float] = []
        self._waits_since: float | None = None
        self.first_message: float | None = None
        self._number: int | None = None
        self._since_number = 0
        self.lost = 0

    def _change(self, client: TcpClient) -> None:
        if not client.connected:
            self._losses.append(time.monotonic())

    def _message(self, message: dict[str, Any]) -> None:
        if self._waits_since is not None and time.monotonic() > self._waits_since:
            self.first_message = self.first_message or time.monotonic()
        if message.get("id") == SEQUENCE_ID:
            # Those that came since the last number are not lost.
            if self._number is not None and message["number"] > self._number:
                self.lost += message["number"] - self._number - self._since_number
            self._number, self._since_number = message["number"], 0
        else:
            self._since_number += 1

    def begin(self) -> None:
        """Begin to measure."""
        self._losses, self.lost, self.first_message, self._waits_since = [], 0, None, None

    def await_message(self) -> None:
        """Note the next message that comes."""
        self._waits_since = time.monotonic()

    def row(self, fault: str, begun: float, mended: float, remark: str = "") -> NetworkRow:
        """Return what was measured."""
        noticed = self._losses[0] - begun if self._losses else None
        back = self.first_message - mended if self.first_message else None
        lost = self.lost if self.name == "telemetry" else None
        return NetworkRow(fault, self.name, noticed, back, lost, remark)


class Soak:
    """The faults, one after the other."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._cable = Cable()
        self._simulator = Simulator(self._cable)
        self._probes = [
            Probe(reactor, "command", COMMAND_PORT, None),
            Probe(reactor, "telemetry", TELEMETRY_PORT, _SILENCE),
        ]
        self.rows: list[NetworkRow] = []

    async def run(self, durations: list[int]) -> None:
        """Run all of them."""
        try:
            for probe in self._probes:
                await probe.client.connect()
            await self._sleep(2)
            for seconds in durations:
                async with self._fault(f"cable pulled for {seconds} s"):
                    self._cable.plug(False)
                    await self._sleep(seconds)
                    self._cable.plug(True)
            async with self._fault("route to a blackhole for 20 s"):
                _ip("route", "add", "blackhole", f"{_THERE}/32")
                await self._sleep(20)
                _ip("route", "delete", "blackhole", f"{_THERE}/32")
            async with self._fault("simulator killed, started after 5 s"):
                self._simulator.kill()
                await self._sleep(5)
                self._simulator.start()
            async with self._fault("simulator stopped for 15 s (SIGSTOP)"):
                self._simulator.signal(signal.SIGSTOP)
                await self._sleep(15)
                self._simulator.signal(signal.SIGCONT)
            remark = "lost to the client that took the port"
            async with self._fault("port taken over for 10 s", remark):
                await self._take_over()
            async with self._fault("no descriptors for 10 s"):
                with _no_descriptors():
                    self._simulator.signal(signal.SIGUSR1)
                    await self._sleep(10)
            await self._garbage()
        finally:
            for probe in self._probes:
                await probe.client.close()
            self._simulator.kill()
            self._cable.cut()

    async def _sleep(self, seconds: float) -> None:
        await deferLater(self._reactor, seconds)

    @contextlib.asynccontextmanager
    async def _fault(self, name: str, remark: str = "") -> AsyncIterator[None]:
        """Measure what the body does; the remark is about telemetry."""
        for probe in self._probes:
            probe.begin()
        begun = time.monotonic()
        yield
        mended = time.monotonic()
        for probe in self._probes:
            probe.await_message()
        await self._until(lambda: all(probe.first_message for probe in self._probes))
        # The first message may come before the loss of that very connection is noticed.
        await self._sleep(3)
        await self._until(lambda: all(probe.client.connected for probe in self._probes))
        self.rows += [probe.row(name, begun, mended) for probe in self._probes]
        self.rows[-1].remark = remark

    async def _until(self, condition: Callable[[], object]) -> None:
        give_up = time.monotonic() + _PATIENCE
        while not condition() and time.monotonic() < give_up:
            await self._sleep(0.02)

    async def _take_over(self) -> None:
        """Have somebody else hold the telemetry port."""
        self._simulator.signal(signal.SIGUSR1)
        intruder = await self._intruder()
        await self._sleep(10)
        intruder.close()

    async def _intruder(self) -> socket.socket:
        while True:
            one = socket.create_connection((_THERE, TELEMETRY_PORT), timeout=1)
            with contextlib.suppress(OSError):
                if one.recv(1):
                    return one
            one.close()
            await self._sleep(0.01)

    async def _garbage(self) -> None:
        """Receive a megabyte of garbage a second beside all the rest, for ten seconds."""
        probe = self._probes[1]
        probe.begin()
        stalls = _Stalls(self._reactor)
        client = TcpClient(_THERE, GARBAGE_PORT, lambda message: None, reactor=self._reactor)
        memory = _peak_kilobytes()
        begun = time.monotonic()
        await client.connect()
        await self._sleep(10)
        stats = client.stats
        await client.close()
        stalls.stop()
        remark = (
            f"{stats.bytes / 1e6:.1f} MB, {stats.bad_lines} bad lines, "
            f"longest stall {1000 * stalls.longest:.0f} ms, "
            f"memory +{_peak_kilobytes() - memory} kB"
        )
        probe.await_message()
        await self._until(lambda: probe.first_message)
        self.rows.append(probe.row("1 MB/s of garbage beside it", begun, time.monotonic(), remark))
        self.rows[-1].back = None


class _Stalls:
    """How long the reactor was kept from a call that is due every 5 ms."""

    def __init__(self, reactor: Any) -> None:
        self.longest = 0.0
        self._last = time.monotonic()
        self._call = LoopingCall(self._tick)
        self._call.clock = reactor
        self._call.start(0.005)

    def _tick(self) -> None:
        now = time.monotonic()
        self.longest = max(self.longest, now - self._last - 0.005)
        self._last = now

    def stop(self) -> None:
        """Measure no more."""
        self._call.stop()


@contextlib.contextmanager
def _no_descriptors() -> Iterator[None]:
    """Use up all descriptors of this process."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FEW_DESCRIPTORS, limits[1]))
    taken: list[int] = []
    try:
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def _peak_kilobytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


async def _main(reactor: Any, durations: str) -> None:
    use_monotonic_clock(reactor)
    soak = Soak(reactor)
    await soak.run(json.loads(durations))
    print(json.dumps([asdict(row) for row in soak.rows]))


if __name__ == "__main__":
    react(_main, sys.argv[1:])
