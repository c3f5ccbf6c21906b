"""m2com in a separate process, connected to a simulated controller in the process of the test."""

import signal
import subprocess
from collections.abc import Sequence

from m2com_twisted.simulator import CellController
from tests.support.programs import accept_interrupts, script
from tests.support.waiting import until

__all__ = ["MANY", "Command"]

#: A message, and a number of them that does not fit into the buffers of a socket: 20 MB.
_BALLAST = b'{"id": "ballast", "text": "%s"}\r\n' % (b"x" * 100_000)
MANY = 200


class Command:
    """A running m2com, connected to a controller in this process.

    Parameters
    ----------
    *words
        The command line.
    controller
        The controller.
    stdout, stderr
        The streams of the process, as for `subprocess.Popen`.
    program
        The words that start the program.  None: ``m2com``.
    """

    def __init__(
        self,
        *words: str,
        controller: CellController,
        stdout: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
        program: Sequence[str] | None = None,
    ) -> None:
        ports = ["-c", str(controller.command_port), "-t", str(controller.telemetry_port)]
        self._controller = controller
        self.process = subprocess.Popen(
            [*(program or [script("m2com")]), *words, *ports],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            # In the background of a shell, tests ignore SIGINT, and so would their processes.
            preexec_fn=accept_interrupts,
        )

    async def __aenter__(self) -> "Command":
        return self

    async def __aexit__(self, *error: object) -> None:
        self.process.kill()
        self.process.wait()
        for stream in self.process.stdout, self.process.stderr:
            if stream is not None:
                stream.close()

    async def takes_telemetry(self) -> None:
        """Wait until the program has received more bytes than fit into any buffer."""
        factory = self._controller.telemetry_factory
        await until(lambda: factory.client is not None)
        client = factory.client
        assert client is not None
        client.write(_BALLAST * MANY)
        assert client.blocked
        await until(lambda: not client.blocked)

    async def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal to the program, and wait for its exit code."""
        self.process.send_signal(number)
        return await self.ended()

    async def ended(self) -> int:
        """Wait for the exit code of the program."""
        await until(lambda: self.process.poll() is not None)
        return int(self.process.returncode)
