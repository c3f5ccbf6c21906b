"""Sending: a message becomes a line on the connection, or an error and nothing is sent."""

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime

from .codec import Message, decode, encode, with_header
from .commands import CommandOutcome, CommandTable, SequenceIds
from .enums import MsgType
from .errors import CommandLost, CommandStage, CommandTimeout, NotConnectedError
from .factory import ReconnectingMessageFactory
from .protocol import MessageProtocol

__all__ = ["MessageSender"]


class MessageSender:
    """Writes messages to whatever connection there is at the moment.

    Nothing waits for a later connection and nothing is sent twice: to move a
    mirror twice is not safe.

    Parameters
    ----------
    factory
        Who has the connection.
    commands
        Who awaits the status of commands.
    sequence_ids
        Where commands get their ids.
    clock
        Measures timeouts.
    """

    def __init__(
        self,
        factory: ReconnectingMessageFactory,
        commands: CommandTable,
        sequence_ids: SequenceIds,
        clock: IReactorTime,
    ) -> None:
        self._factory = factory
        self._commands = commands
        self._sequence_ids = sequence_ids
        self._clock = clock

    async def write(
        self, msg_type: MsgType, msg_name: str, msg_details: Message | None, comp_name: str | None
    ) -> None:
        """Write one message; see `TcpClient.write_message`.

        After waiting it is what it was, though the caller may have changed
        a list in the details meanwhile: to something that cannot be sent, even.
        """
        protocol = self._factory.open_protocol()
        message = with_header(msg_type, msg_name, msg_details, comp_name)
        line = encode(message)
        if not protocol.has_room:
            await protocol.wait_for_room(len(line))
            message = decode(line)
        if msg_type == MsgType.Command:
            self._commands.note(msg_name, self._write_command(protocol, message))
        else:
            protocol.write(line)

    async def run(
        self,
        name: str,
        details: Message | None,
        ack_timeout: float | None,
        timeout: float | None,
    ) -> CommandOutcome:
        """Write a command and await its status; see `TcpClient.run_command`."""
        protocol = self._factory.open_protocol()
        message = with_header(MsgType.Command, name, details, None)
        line = encode(message)
        if not protocol.has_room:
            started = self._clock.seconds()
            room = protocol.wait_for_room(len(line))
            await self._wait_for_room(name, room, ack_timeout, timeout)
            message = decode(line)  # as in `write`
            waited = self._clock.seconds() - started
            ack_timeout, timeout = (
                None if t is None else t - waited for t in (ack_timeout, timeout)
            )
        sequence_id = self._write_command(protocol, message)
        return await self._commands.add(name, sequence_id, ack_timeout, timeout)

    async def _wait_for_room(
        self, name: str, room: Deferred[None], *timeouts: float | None
    ) -> None:
        """Wait for one's turn to write no longer than for the answer."""
        limits = [timeout for timeout in timeouts if timeout is not None]
        if limits:
            room.addTimeout(min(limits), self._clock)
        try:
            await room
        except TimeoutError as error:
            reason = f"found no room to be written for {min(limits):g} s"
            raise CommandTimeout(reason, name, None, CommandStage.NEVER_SENT) from error
        except NotConnectedError as error:
            reason = "was still to be written when the connection was lost"
            raise CommandLost(reason, name, None, CommandStage.NEVER_SENT) from error

    def _write_command(self, protocol: MessageProtocol, message: Message) -> int:
        """Take an id and write a command, which was encoded before to see that it can be."""
        sequence_id = self._sequence_ids.take()
        if sequence_id in self._commands:
            raise RuntimeError(
                f"The sequence generator repeats {sequence_id}, whose command still runs."
            )
        protocol.write(encode({**message, "sequence_id": sequence_id}))
        return sequence_id
