"""A NATS server on this machine, for trials of the hub."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from ..errors import M2ComError

__all__ = ["LocalServer", "nats_server_program"]

#: Directories in which Debian puts programs that are not on the PATH of every user.
_MORE_PATH = ("/usr/sbin", "/usr/local/sbin")


def nats_server_program() -> str | None:
    """Return the path of nats-server, from this Python's directory, PATH or `_MORE_PATH`."""
    beside = Path(sys.executable).parent / "nats-server"
    if beside.exists():
        return str(beside)
    return shutil.which(
        "nats-server", path=os.pathsep.join([os.environ.get("PATH", ""), *_MORE_PATH])
    )


class LocalServer:
    """A server on a free port of 127.0.0.1.  `close` deletes its stored messages.

    Raises
    ------
    M2ComError
        If there is no nats-server on this machine.
    """

    def __init__(self) -> None:
        program = nats_server_program()
        if program is None:
            raise M2ComError(
                "There is no nats-server on this machine: pip install 'm2com_twisted[hub-server]', "
                "or apt install nats-server"
            )
        self._program = program
        self._directory = tempfile.TemporaryDirectory(prefix="m2com-hub-")
        self._process: subprocess.Popen[bytes] | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the server, or start it again.  Does not wait until it listens."""
        arguments = ["--addr", "127.0.0.1", "--port", str(self.port)]
        store = ["--jetstream", "--store_dir", self._directory.name]
        self._process = subprocess.Popen(
            [self._program, *arguments, *store],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def is_listening(self) -> bool:
        """Return whether the server accepts connections."""
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """Kill the process, as a power cut would.  No effect if it is not running."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Stop the server, and delete its stored messages."""
        self.kill()
        self._directory.cleanup()
