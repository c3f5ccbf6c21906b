"""Sending: a message to a line on the connection, or an error and nothing sent."""

from .codec import Message, encode, with_header
from .commands import SequenceIds
from .enums import MsgType
from .factory import ReconnectingMessageFactory

__all__ = ["MessageSender"]


class MessageSender:
    """Writes messages to whatever connection there is at the moment.

    Nothing waits for a later connection and nothing is sent twice: to move a
    mirror twice is not safe.

    Parameters
    ----------
    factory
        Who has the connection.
    sequence_ids
        Where commands get their ids.
    """

    def __init__(self, factory: ReconnectingMessageFactory, sequence_ids: SequenceIds) -> None:
        self._factory = factory
        self._sequence_ids = sequence_ids

    async def send(
        self,
        msg_type: MsgType,
        msg_name: str,
        msg_details: Message | None = None,
        comp_name: str | None = None,
    ) -> Message:
        """Write one message, when the peer has taken enough of those before it.

        Returns
        -------
            The message as it was sent, in this turn of the reactor.

        Raises
        ------
        NotConnectedError
            If there is no connection, or it is lost before the message is written.
        InvalidMessageError
            If the message can never be sent.
        WriteBufferFullError
            If too many messages wait to be written.
        """
        protocol = self._factory.open_protocol()
        message = with_header(msg_type, msg_name, msg_details, comp_name)
        line = encode(message)
        if not protocol.has_room:
            await protocol.wait_for_room(len(line))
        if msg_type == MsgType.Command:
            # Last of all, and encoded anew: an id that was taken is sent.
            message["sequence_id"] = self._sequence_ids.take()
            line = encode(message)
        protocol.write(line)
        return message
