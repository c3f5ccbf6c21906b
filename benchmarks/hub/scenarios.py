"""The processes of a measurement, and what is done to them."""

import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.nats_server import NatsServer
from tests.support.ports import free_port

__all__ = ["SCENARIOS", "Setup", "running_setup", "simulator"]

#: Seconds that a process may take to begin or to end.
_PATIENCE = 60.0


@dataclass
class Setup:
    """A hub, a simulated controller, and the processes started so far."""

    servers: list[NatsServer]
    ports: tuple[int, int]
    processes: list["subprocess.Popen[str]"] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the hub is."""
        return ",".join(server.url for server in self.servers)

    def publisher(
        self,
        seconds: float,
        *,
        with_hub: bool = True,
        is_smallest: bool = False,
        with_costs: bool = True,
        first_event: int = 0,
    ) -> "subprocess.Popen[str]":
        """Start a service, which runs so long for each of costs and stalls."""
        ports = ["--command-port", str(self.ports[0]), "--telemetry-port", str(self.ports[1])]
        hub = ["--hub", self.url] if with_hub else []
        costs = [*([] if with_costs else ["--no-costs"]), *(["--smallest"] if is_smallest else [])]
        numbers = ["--seconds", str(seconds), "--first-event", str(first_event)]
        return self._start("publisher", *ports, *hub, *costs, *numbers)

    def readers(self, count: int = 0) -> "subprocess.Popen[str]":
        """Start readers and wait until they read: plain ones, or one of our own."""
        process = self._start("readers", "--hub", self.url, "--count", str(count))
        if process.stdout is None or process.stdout.readline() != "ready\n":
            raise RuntimeError("The readers did not begin.")
        return process

    def make_streams(self, replicas: int) -> None:
        """Make the streams with copies on all servers, as soon as these have found each other."""
        m2com = [str(Path(sys.executable).parent / "m2com"), "hub", "setup", "--hub", self.url]
        for _ in range(10):
            done = subprocess.run(
                [*m2com, "--replicas", str(replicas)], capture_output=True, check=False
            )
            if done.returncode == 0:
                return
        raise RuntimeError(f"The streams could not be made: {done.stderr.decode()}")

    def _start(self, module: str, *arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", f"benchmarks.hub.{module}", *arguments]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=sys.stderr, text=True
        )
        self.processes.append(process)
        return process

    def results(self, module: str) -> list[dict[str, Any]]:
        """Return what all processes of a module have printed at their end, in order."""
        return [self.result(one) for one in self.processes if _runs(one, module)]

    def result(self, process: "subprocess.Popen[str]") -> dict[str, Any]:
        """Return what a process has printed at its end; readers are told to end."""
        if _runs(process, "readers"):
            process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=_PATIENCE)
        found: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
        return found


def _runs(process: "subprocess.Popen[str]", module: str) -> bool:
    return f"benchmarks.hub.{module}" in process.args  # type: ignore[operator]  # it is a list


@contextlib.contextmanager
def simulator() -> Iterator[tuple[int, int]]:
    """Run a simulated controller whose power is on, so that it sends all its telemetry."""
    ports = free_port(), free_port()
    m2com = [str(Path(sys.executable).parent / "m2com")]
    where = ["-c", str(ports[0]), "-t", str(ports[1])]
    process = subprocess.Popen([*m2com, "simulate", *where], stdout=subprocess.DEVNULL)
    try:
        time.sleep(3)
        for power in (["powerType=2", "status=true"], ["powerType=1", "status=true"]):
            subprocess.run(
                [*m2com, "send", "power", *power, "-c", str(ports[0])],
                check=True,
                stdout=subprocess.DEVNULL,
            )
        yield ports
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def running_setup(
    ports: tuple[int, int], servers: int = 1, *, start: bool = True
) -> Iterator[Setup]:
    """Run a hub of one server, or a cluster of three."""
    with contextlib.ExitStack() as stack:
        cluster_ports = [free_port() for _ in range(servers)]
        routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in cluster_ports)
        made = []
        for number, port in enumerate(cluster_ports):
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            cluster = f'cluster {{ name: m2, listen: "127.0.0.1:{port}", routes: [{routes}] }}'
            configuration = f"server_name: n{number}\n{cluster}" if servers > 1 else ""
            made.append(NatsServer(directory, configuration))
        for server in made:
            if start:
                server.start()
            stack.callback(server.kill)
        setup = Setup(made, ports)
        try:
            yield setup
        finally:
            for process in setup.processes:
                if process.poll() is None:
                    process.kill()
                process.communicate()


def _killed(setup: Setup) -> None:
    time.sleep(5)
    setup.servers[0].kill()
    time.sleep(20)
    setup.servers[0].start()


def _stopped(setup: Setup) -> None:
    time.sleep(5)
    setup.servers[0].pause()
    time.sleep(42)
    setup.servers[0].resume()


def _absent(setup: Setup) -> None:
    time.sleep(15)
    setup.servers[0].start()


def _slow_reader(setup: Setup) -> None:
    time.sleep(3)
    slow = setup.readers(1)
    slow.send_signal(signal.SIGSTOP)
    time.sleep(30)
    slow.send_signal(signal.SIGCONT)


def _leader_lost(setup: Setup) -> None:
    time.sleep(10)
    # The publisher is connected to the first; whoever leads the streams, one in three is lost.
    setup.servers[0].kill()
    time.sleep(20)
    setup.servers[0].start()


def _service_restarted(setup: Setup) -> None:
    # The first service ends by itself, and the next one begins when it has ended.
    setup.processes[-1].wait()
    setup.publisher(15, with_costs=False, first_event=100_000)


#: Name, what is done, seconds that the service runs, servers, whether they run at the start.
SCENARIOS: list[tuple[str, Callable[[Setup], None], float, int, bool]] = [
    ("server killed, 20 s", _killed, 40, 1, True),
    ("server stopped, 42 s", _stopped, 65, 1, True),
    ("server absent at start, 15 s", _absent, 30, 1, False),
    ("a reader that does not read, 30 s", _slow_reader, 40, 1, True),
    ("service restarted", _service_restarted, 15, 1, True),
    ("server of a cluster of three killed, 20 s", _leader_lost, 45, 3, True),
]
