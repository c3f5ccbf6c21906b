"""What a simulated controller has received and written, noted at its own end of each connection."""

import json
from collections import deque
from typing import TYPE_CHECKING, Any, cast

from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory

__all__ = ["Witness", "WitnessedConnection"]

if TYPE_CHECKING:
    _WrappingFactory = WrappingFactory[Any]
else:
    # Cannot be subscripted in Twisted 24.7.
    _WrappingFactory = WrappingFactory


class WitnessedConnection(ProtocolWrapper):
    """One connection, as the simulator sees it.

    Attributes
    ----------
    written
        Complete lines that the simulator wrote and nobody has taken out yet.
    written_count, received_count
        How many there were in all.
    """

    def __init__(self, factory: "Witness", wrapped: IProtocol) -> None:
        ProtocolWrapper.__init__(self, cast(Any, factory), wrapped)
        self._witness = factory
        self.written: deque[bytes] = deque()
        self.written_count = 0
        self.received_count = 0
        self._writing = b""
        self._receiving = b""

    def write(self, data: bytes) -> None:
        """Override: note the lines that are complete."""
        *lines, self._writing = (self._writing + data).split(b"\r\n")
        self.written_count += len(lines)
        if self._witness.keeps_lines:
            self.written.extend(line for line in lines if line)
        ProtocolWrapper.write(self, data)

    def dataReceived(self, data: bytes) -> None:
        """Override: note the commands that are complete."""
        *lines, self._receiving = (self._receiving + data).split(b"\r\n")
        self.received_count += len(lines)
        for line in lines:
            self._witness.note_received(line)
        ProtocolWrapper.dataReceived(self, data)


class Witness(_WrappingFactory):
    """Stands between a port and the simulator, and notes what passes.

    Parameters
    ----------
    factory
        That of the simulator.
    keeps_lines
        Whether the lines that are written are kept until they are taken out.

    Attributes
    ----------
    last
        The newest connection; None before the first.
    received_ids
        Sequence ids of the commands the simulator received, in order.
    """

    protocol = WitnessedConnection
    noisy = False

    def __init__(self, factory: IProtocolFactory, *, keeps_lines: bool = True) -> None:
        super().__init__(factory)  # type: ignore[no-untyped-call]  # has no annotations
        self.keeps_lines = keeps_lines
        self.last: WitnessedConnection | None = None
        self.received_ids: list[int] = []

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """Override: refuse where the simulator does."""
        wrapped = self.wrappedFactory.buildProtocol(addr)
        if wrapped is None:
            return None
        self.last = WitnessedConnection(self, wrapped)
        return self.last

    def note_received(self, line: bytes) -> None:
        """Take note of a command."""
        message = json.loads(line)
        if "sequence_id" in message:
            self.received_ids.append(message["sequence_id"])
