"""A command of the simulated controller: its name, its parameters and its function."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ...catalogue import messages
from ...catalogue.describe import summary_of
from ...wire.codec import Message
from ..model.model import Model
from .parameters import CommandRefusedError, Reader, read
from .tolerance import arguments_as_given, echoed, modes_before_refusal, tolerated

__all__ = ["Command", "CommandRegister", "Step", "Wait"]


@dataclass(frozen=True)
class Wait:
    """A time in a command during which nothing happens.

    Attributes
    ----------
    seconds
        Length of the time.
    """

    seconds: float


#: One thing that happens in a command: an event, or a wait.
Step = Message | Wait

#: Takes the model and the parameters.
Function = Callable[..., Iterable[Step]]


@dataclass(frozen=True)
class Command:
    """One row of the table of commands.

    Attributes
    ----------
    declaration
        Class of the command in the catalogue.  It defines the parameters.
    function
        Function that executes the command.
    readers
        Readers of the parameters that the catalogue does not describe.
    """

    declaration: type[messages.Command]
    function: Function
    readers: Mapping[str, Reader | None]

    @property
    def name(self) -> str:
        """Name of the command on the wire, without ``cmd_``."""
        return self.declaration.name

    @property
    def summary(self) -> str:
        """Effect of the command, in one sentence."""
        return summary_of(self.declaration)

    def run(self, model: Model, message: Message) -> Iterable[Step]:
        """Return the steps in order.  Each is made when the iteration reaches it.

        Raises
        ------
        CommandRefusedError
            If the command fails, at once or during the iteration.
        """
        if not model.as_original:
            return self.function(model, **read(self.declaration, self.readers, message))
        try:
            arguments = read(self.declaration, self.readers, tolerated(message))
        except CommandRefusedError:
            done = modes_before_refusal(message)
            if done:
                deque(self.run(model, message | {"addresses": done}), maxlen=0)
            raise
        arguments |= arguments_as_given(message)
        return echoed(message, self.function(model, **arguments))


class CommandRegister(list[Command]):
    """The commands of one module, filled by a decorator."""

    def register(
        self, declaration: type[messages.Command], **readers: Reader | None
    ) -> Callable[[Function], Function]:
        """Return a decorator that enters a function for a command of the catalogue.

        Parameters
        ----------
        declaration
            Class of the command in the catalogue.
        **readers
            Readers of the parameters that the catalogue does not describe.
        """

        def enter(function: Function) -> Function:
            self.append(Command(declaration, function, readers))
            return function

        return enter
