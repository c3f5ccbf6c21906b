"""Typed commands, and the proof that they took effect."""

from dataclasses import dataclass

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from ..catalogue import commands
from ..commands.outcome import CommandOutcome
from ..errors import (
    ClientClosedError,
    CommandError,
    CommandFailed,
    CommandLost,
    CommandRejected,
    CommandStage,
    CommandTimeout,
)
from .command_proofs import proof_of
from .errors import NotVerifiedError, WaitTimeoutError
from .link import Link
from .proof import Proof
from .settings import Settings
from .state import MirrorState
from .unsettled import Unsettled
from .waiting import Waiting

__all__ = ["Commander", "Verified", "described"]


@dataclass(frozen=True)
class Verified:
    """A command that succeeded.

    Attributes
    ----------
    command
        The command.
    outcome
        The answer of the controller.  None if no answer came but the proof was seen.
    proof
        The message that proved its effect, in words.  Empty if no message proves the command.
    """

    command: commands.Command
    outcome: CommandOutcome | None
    proof: str

    @property
    def is_proved(self) -> bool:
        """Whether a message has proved the effect."""
        return bool(self.proof)


class Commander:
    """Sends commands over a link.  One deadline covers the reply and the proof.

    Parameters
    ----------
    link
        The connection that sends the commands.
    state
        The state of the mirror, from the messages received so far.
    waiting
        Waits for the next messages.
    clock
        Measures the deadline.
    settings
        Contains the deadlines.

    Attributes
    ----------
    unsettled
        Commands that may still be running.
    """

    def __init__(
        self,
        link: Link,
        state: MirrorState,
        waiting: Waiting,
        clock: IReactorTime,
        settings: Settings,
    ) -> None:
        self._link = link
        self._memory = state.memory
        self._waiting = waiting
        self._clock = clock
        self._settings = settings
        self.unsettled = Unsettled()
        self._target: tuple[commands.PositionMirror, int] | None = None

    @property
    def target(self) -> commands.PositionMirror | None:
        """Target of the last motion.  None after a lost connection, an open loop or a new home."""
        if self._target is None:
            return None
        command, serial = self._target
        memory = self._memory
        return None if serial < max(memory.command_since, memory.opened_since) else command

    async def run(
        self,
        command: commands.Command,
        timeout: float | None = None,
        *,
        verify: bool = True,
        sent: list[str] | None = None,
    ) -> Verified:
        """Send a command and wait until it has succeeded and is seen to have taken effect.

        Parameters
        ----------
        command
            The command.
        timeout
            Seconds for reply and proof together.  None takes the time from the settings.
        verify
            False waits only for the reply.
        sent
            Takes the command in words, unless the link reports that it was never sent.

        Raises
        ------
        NotVerifiedError
            If the command succeeded but its effect was not seen in time.
        CommandError, NotConnectedError
            As `TcpClient.run_command`.
        """
        proof = proof_of(command, self._memory, self._settings) if verify else None
        seconds = timeout
        if seconds is None:
            seconds = (proof.timeout if proof else None) or self._settings.command_timeout
        end = self._clock.seconds() + seconds
        before = self._memory.serial
        try:
            outcome = await self._reply(command, proof, seconds, [] if sent is None else sent)
        except (CommandTimeout, CommandLost) as error:
            if proof is None or not self._is_proved_anyway(proof, error):
                raise
            self.unsettled.proved(command)
            return Verified(command, None, proof.what)
        if proof is None:
            return Verified(command, outcome, "")
        if outcome is None:
            return Verified(command, None, proof.what)
        since = self._memory.serial
        if not proof.by_telemetry:
            # A fitting event before the acknowledgement belongs to another command.
            since = self._memory.acks.get(outcome.sequence_id, before)
        await self._verify(command, proof, since, end - self._clock.seconds(), outcome)
        return Verified(command, outcome, proof.what)

    async def _reply(
        self, command: commands.Command, proof: Proof | None, seconds: float, sent: list[str]
    ) -> CommandOutcome | None:
        """Send a command and return its reply.  None if no reply came but the effect was seen."""
        memory, was_sent = self._memory, self._memory.sent
        reply = Deferred.fromCoroutine(self._send(command, seconds, sent))
        if proof is None or memory.sent == was_sent or memory.sent_name != command.name:
            return await reply
        silence = Deferred.fromCoroutine(self._proved_in_silence(proof, memory.sent_id))
        is_silent = False

        def conclude(_: None) -> None:
            nonlocal is_silent
            is_silent = True
            reply.cancel()

        silence.addCallbacks(conclude, _forget)
        try:
            return await reply
        except CancelledError:
            if not is_silent:
                raise
            self.unsettled.proved(command)
            return None
        finally:
            silence.cancel()

    async def _proved_in_silence(self, proof: Proof, sequence_id: int) -> None:
        """Wait until the effect has been seen for so long that the reply counts as missing."""

        def holds() -> bool:
            ack = self._memory.acks.get(sequence_id)
            return ack is not None and proof.holds(ack)

        hold = max(proof.hold, self._settings.reply_grace)
        await self._waiting.until(holds, proof.what, proof.seen, None, hold)

    async def _send(
        self, command: commands.Command, seconds: float, sent: list[str]
    ) -> CommandOutcome:
        """Send a command, and keep track of whether it was sent and whether it has ended."""
        number = self.unsettled.begin(command)
        # Before the call, because a cancelled call does not tell whether the command was sent.
        sent.append(described(command))
        try:
            # Both limits are equal.  A command is acknowledged only after the earlier
            # commands were executed, and a power system may take a minute.
            outcome = await self._link.run_command(
                command.name, command.details(), ack_timeout=seconds, timeout=seconds
            )
        except CommandError as error:
            if error.stage is CommandStage.NEVER_SENT:
                self._not_sent(number, command, sent)
            elif isinstance(error, CommandFailed | CommandRejected):
                self.unsettled.answered(number)
            elif error.stage is CommandStage.ACKNOWLEDGED:
                self.unsettled.acknowledged(number)
            raise
        except CancelledError:
            # The command may have been sent, so it stays in the list.
            raise
        except Exception:
            self._not_sent(number, command, sent)
            raise
        self.unsettled.answered(number)
        if isinstance(command, commands.PositionMirror):
            self._target = command, self._memory.serial
        elif isinstance(command, commands.SetMirrorHome):
            self._target = None
        return outcome

    def _not_sent(self, number: int, command: commands.Command, sent: list[str]) -> None:
        """Take note that the link did not send a command."""
        self.unsettled.not_sent(number)
        # The last one of these words, because the command may have been sent before.
        sent.reverse()
        sent.remove(described(command))
        sent.reverse()

    def _is_proved_anyway(self, proof: Proof, error: CommandError) -> bool:
        """Whether a command without a reply was acknowledged and its effect was seen."""
        if isinstance(error, CommandLost):
            return proof.survives_loss and proof.holds(0)
        ack = None if error.sequence_id is None else self._memory.acks.get(error.sequence_id)
        # A proof that must hold for some time would take too long here.
        return ack is not None and not proof.hold and proof.holds(ack)

    async def _verify(
        self,
        command: commands.Command,
        proof: Proof,
        since: int,
        seconds: float,
        outcome: CommandOutcome,
    ) -> None:
        try:
            await self._waiting.until(
                lambda: proof.holds(since), proof.what, proof.seen, seconds, proof.hold
            )
        except WaitTimeoutError as error:
            raise NotVerifiedError(command.name, proof.what, error.seen, outcome) from error


def _forget(failure: Failure) -> None:
    """Drop the error of a wait that has ended by the reply or by the stop of the mirror."""
    failure.trap(CancelledError, ClientClosedError)


#: Lists of up to this length are shown in full.  The list of the hardpoints has this length.
_SHOWN = 6


def described(command: commands.Command) -> str:
    """Return a command with its details.  Long lists are replaced by their length."""
    details = ", ".join(f"{name}={_shown(value)}" for name, value in command.details().items())
    return f"{command.name}({details})"


def _shown(value: object) -> str:
    if isinstance(value, list) and len(value) > _SHOWN:
        return f"[{len(value)} values]"
    return str(value)
