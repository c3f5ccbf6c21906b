"""Sending the commands and feeds of the catalogue."""

from ..catalogue.enums import MsgType
from ..catalogue.feeds import Feed
from ..catalogue.messages import Command
from ..commands.outcome import CommandOutcome, CommandT
from ..errors import InvalidMessageError
from ..wire.codec import Message

__all__ = ["TypedSender"]


class TypedSender:
    """The typed methods of a class that sends commands and messages by name."""

    async def run_command(
        self,
        name: str,
        details: Message | None = None,
        *,
        ack_timeout: float | None = 10.0,
        timeout: float | None = 60.0,
    ) -> CommandOutcome:
        """Send a command and wait until the controller has executed it."""
        raise NotImplementedError

    async def write_message(
        self,
        msg_type: MsgType,
        msg_name: str,
        msg_details: Message | None = None,
        comp_name: str | None = None,
    ) -> None:
        """Write a message to the controller."""
        raise NotImplementedError

    async def run(
        self,
        command: CommandT,
        *,
        ack_timeout: float | None = 10.0,
        timeout: float | None = 60.0,
    ) -> CommandOutcome[CommandT]:
        """Send a command of the catalogue and wait until the controller has executed it.

        Parameters
        ----------
        command
            The command, which checked its parameters when it was made.
        ack_timeout, timeout
            As for `run_command`.

        Returns
        -------
        outcome
            The outcome, with the command as its ``request``.

        Raises
        ------
        InvalidMessageError
            If it is not a command of the catalogue, for example if it is a class.
        M2ComError, RuntimeError, ValueError
            As `run_command`.
        """
        if not isinstance(command, Command):
            raise InvalidMessageError(f"{command!r} is no command of the catalogue.")
        outcome = await self.run_command(
            command.name, command.details(), ack_timeout=ack_timeout, timeout=timeout
        )
        return outcome.of(command)

    async def write(self, feed: Feed) -> None:
        """Write a message of the telescope mount to the controller; see `write_message`.

        Parameters
        ----------
        feed
            The message.  Its class decides the port.

        Raises
        ------
        InvalidMessageError
            If it is not a feed of the catalogue.
        M2ComError, RuntimeError, ValueError
            As `write_message`.
        """
        if not isinstance(feed, Feed):
            raise InvalidMessageError(f"{feed!r} is no feed of the catalogue.")
        await self.write_message(feed.msg_type, feed.name, feed.details(), feed.comp_name)
