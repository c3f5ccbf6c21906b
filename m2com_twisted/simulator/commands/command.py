"""What a command is, for the rooms that hold them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ...wire.codec import Message
from ..model.model import Model
from .parameters import Parameter, read

__all__ = ["Command", "CommandRegister", "Step", "Wait"]


@dataclass(frozen=True)
class Wait:
    """A time in which a command is under way and nothing happens.

    Attributes
    ----------
    seconds
        How long.
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
    name
        On the wire, without ``cmd_``.
    function
        What it does.
    parameters
        What it takes.
    """

    name: str
    function: Function
    parameters: tuple[Parameter, ...]

    @property
    def summary(self) -> str:
        """What it does, in a sentence."""
        return (self.function.__doc__ or "").splitlines()[0]

    def run(self, model: Model, message: Message) -> Iterable[Step]:
        """Return what happens, in order; it happens as it is iterated over.

        Raises
        ------
        CommandRefusedError
            If it fails; while iterating too.
        """
        return self.function(model, **read(self.parameters, message))


class CommandRegister(list[Command]):
    """The commands of one room, filled by a decorator."""

    def register(self, name: str, *parameters: Parameter) -> Callable[[Function], Function]:
        """Return a decorator that enters a function under a name."""

        def enter(function: Function) -> Function:
            self.append(Command(name, function, parameters))
            return function

        return enter
