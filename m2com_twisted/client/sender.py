"""Encodes messages and writes them to the connection."""

import math
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime

from ..catalogue.enums import MsgType
from ..commands.outcome import CommandOutcome
from ..commands.sequence_ids import SequenceIds
from ..commands.table import CommandTable
from ..connection.link import ReconnectingLink
from ..connection.protocol import MessageProtocol
from ..errors import CommandLost, CommandStage, CommandTimeout, NotConnectedError
from ..wire.codec import Message, encode, with_header, with_sequence_id

__all__ = ["MessageSender"]

_Registered = TypeVar("_Registered")


class MessageSender:
    """Writes messages to the present connection.

    Nothing waits for a later connection and nothing is sent twice, because
    moving a mirror twice is not safe.

    Parameters
    ----------
    link
        Link with the connection.
    commands
        Table of the commands that await their status.
    sequence_ids
        Source of the ids of commands.
    clock
        Measures timeouts.
    """

    def __init__(
        self,
        link: ReconnectingLink,
        commands: CommandTable,
        sequence_ids: SequenceIds,
        clock: IReactorTime,
    ) -> None:
        self._link = link
        self._commands = commands
        self._sequence_ids = sequence_ids
        self._clock = clock

    async def write(
        self, msg_type: MsgType, msg_name: str, msg_details: Message | None, comp_name: str | None
    ) -> None:
        """Write one message; see `TcpClient.write_message`.

        The message is encoded before it waits, because the caller may change its
        details meanwhile.
        """
        protocol = self._link.open_protocol()
        line = encode(with_header(msg_type, msg_name, msg_details, comp_name))
        if not protocol.has_space_for(len(line)):
            await protocol.wait_for_space(len(line))
        if msg_type == MsgType.Command:
            self._write_command(protocol, line, self._commands.note)
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
        protocol = self._link.open_protocol()
        line = encode(with_header(MsgType.Command, name, details, None))
        now = self._clock.seconds()
        ack_by, finish_by = (now + _seconds(limit) for limit in (ack_timeout, timeout))
        answer_by = min(ack_by, finish_by)
        self._require_time(name, answer_by)
        if not protocol.has_space_for(len(line)):
            await self._wait_for_space(name, protocol.wait_for_space(len(line)), answer_by - now)
            self._require_time(name, answer_by)
        expect = partial(self._commands.add, name, ack_by=ack_by, finish_by=finish_by)
        return await self._write_command(protocol, line, expect)

    def _require_time(self, name: str, answer_by: float) -> None:
        """Raise an error for a command whose time is already over."""
        if answer_by <= self._clock.seconds():
            reason = "had no time left to be answered in"
            raise CommandTimeout(reason, name, None, CommandStage.NEVER_SENT)

    async def _wait_for_space(self, name: str, space: Deferred[None], timeout: float) -> None:
        """Wait for the turn to write, at most until the answer must be there."""
        if timeout < math.inf:
            space.addTimeout(timeout, self._clock)
        try:
            await space
        except TimeoutError as error:
            reason = f"found no space in the write buffer for {timeout:g} s"
            raise CommandTimeout(reason, name, None, CommandStage.NEVER_SENT) from error
        except NotConnectedError as error:
            reason = "was still to be written when the connection was lost"
            raise CommandLost(reason, name, None, CommandStage.NEVER_SENT) from error

    def _write_command(
        self,
        protocol: MessageProtocol,
        line: bytes,
        register: Callable[[int], _Registered],
    ) -> _Registered:
        """Take an id, put it into the line of a command, and write the line.

        The command is registered before it is written, because a transport in
        memory may bring the answer before `write` returns.
        """
        sequence_id = self._sequence_ids.take(in_use=self._commands)
        try:
            registered = register(sequence_id)
            # The sequence generator is code of the user.  If it has closed the client, this
            # raises.
            protocol.write(with_sequence_id(line, sequence_id))
        except BaseException:
            self._commands.withdraw(sequence_id)
            self._sequence_ids.give_back()
            raise
        return registered


def _seconds(timeout: float | None) -> float:
    """Return a timeout in seconds, which is infinite for None."""
    if timeout is None:
        return math.inf
    if math.isnan(timeout):
        raise ValueError(f"The timeout must be None or a number, not {timeout!r}.")
    return timeout
