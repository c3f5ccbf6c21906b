"""The other end of every connection: one process that sends what it is asked for.

``python -m benchmarks.sender [CAPTURE]`` prints its port and runs until its
input ends.
"""

import json
import re
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from subprocess import PIPE, Popen

from .job import HOST, use_core
from .loads import Loads

__all__ = ["running_sender"]

# Whether a line asks for anything.  The others are not looked at any further,
# so that who writes thousands has a peer that keeps up and waits for more, as
# the controller does, and not one that is busy reading all the time.
_asks = re.compile(rb'"(load|drain|cmd_answer)"').search


class _Handler(StreamRequestHandler):
    """Serves one client, by the lines it writes; what asks for nothing is swallowed."""

    disable_nagle_algorithm = True
    server: "_Server"

    def handle(self) -> None:
        """Override."""
        with suppress(ConnectionError):  # a client may leave at any time
            for line in self.rfile:
                if not _asks(line):
                    continue
                request = json.loads(line)
                if "load" in request:
                    self._send(request["load"], request["repeat"])
                    return
                if "drain" in request:
                    self._drain(request["drain"])
                elif request["id"] == "cmd_answer":
                    self._answer(request["sequence_id"])

    def _send(self, load: str, repeat: int) -> None:
        block = self.server.loads.get(load).block
        for _ in range(repeat):
            self.request.sendall(block)

    def _answer(self, sequence_id: int) -> None:
        """Do as the controller does with a command that it knows."""
        statuses = [{"id": name, "sequence_id": sequence_id} for name in ("ack", "success")]
        self.request.sendall(b"".join(json.dumps(status).encode() + b"\r\n" for status in statuses))

    def _drain(self, port: int) -> None:
        """Be a client that reads and does nothing else."""
        with socket.create_connection((HOST, port)) as connection:
            while connection.recv(2**16):
                pass


class _Server(ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 1000

    def __init__(self, loads: Loads) -> None:
        super().__init__((HOST, 0), _Handler)
        self.loads = loads


@contextmanager
def running_sender(capture: Path | None) -> Iterator[int]:
    """Have a sender run in a process of its own; gives its port."""
    arguments = [str(capture)] if capture is not None else []
    command = [sys.executable, "-m", "benchmarks.sender", *arguments]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:
        if process.stdout is None:
            raise RuntimeError("The sender has no output.")
        yield int(process.stdout.readline())
        # Leaving closes its input, which ends it.


def _main() -> None:
    use_core(0)
    with _Server(Loads(*map(Path, sys.argv[1:]))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _main()
