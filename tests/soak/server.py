"""The simulator of the runs on a real network: ``python -m tests.soak.server``.

It numbers what it writes on the telemetry port, resets its clients on SIGUSR1, and sends a megabyte
of garbage a second to whoever connects to `GARBAGE_PORT`.
"""

import signal
from random import Random
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import LoopingCall, react
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory

from m2com_twisted.simulator import CellController

__all__ = ["COMMAND_PORT", "GARBAGE_PORT", "SEQUENCE_ID", "TELEMETRY_PORT"]

COMMAND_PORT, TELEMETRY_PORT, GARBAGE_PORT = 50000, 50001, 50002

#: The id of the message that tells how many were written before it.
SEQUENCE_ID = "soakSequence"

_GARBAGE_RATE = 1_000_000
_GARBAGE_INTERVAL = 0.05


class _Numbered(ProtocolWrapper):
    """Ends every write with a message that tells how many lines were written so far, by all."""

    written = 0

    def write(self, data: bytes) -> None:
        _Numbered.written += data.count(b"\r\n")
        tail = b'{"id": "%s", "number": %d}\r\n' % (SEQUENCE_ID.encode(), _Numbered.written)
        ProtocolWrapper.write(self, data + tail)


class _NumberedFactory(WrappingFactory):
    protocol = _Numbered
    noisy = False

    def buildProtocol(self, addr: Any) -> Any:
        wrapped = self.wrappedFactory.buildProtocol(addr)
        new: Any = _Numbered
        return None if wrapped is None else new(self, wrapped)


class _Garbage(Protocol):
    """Writes bytes that are no messages, with line ends here and there."""

    def connectionMade(self) -> None:
        self._random = Random(1)
        self._writing = LoopingCall(self._write)
        self._writing.start(_GARBAGE_INTERVAL)

    def _write(self) -> None:
        assert self.transport is not None
        count = round(_GARBAGE_RATE * _GARBAGE_INTERVAL)
        garbage = self._random.randbytes(count).replace(b"\x00\x01", b"\r\n")
        self.transport.write(garbage + b"\r\n")

    def connectionLost(self, reason: Any = None) -> None:
        self._writing.stop()


async def _main(reactor: Any) -> None:
    controller = CellController(reactor=reactor)
    numbered: Any = _NumberedFactory(controller.telemetry_factory)  # type: ignore[no-untyped-call]  # has no annotations
    controller.start_loops()
    reactor.listenTCP(COMMAND_PORT, controller.command_factory)
    reactor.listenTCP(TELEMETRY_PORT, numbered)
    reactor.listenTCP(GARBAGE_PORT, Factory.forProtocol(_Garbage))

    def reset(*arguments: object) -> None:
        for port in ("command", "telemetry"):
            chosen: Any = port
            reactor.callFromThread(controller.inject, "reset", port=chosen)

    signal.signal(signal.SIGUSR1, reset)
    print("ready", flush=True)
    await Deferred()


if __name__ == "__main__":
    react(_main)
