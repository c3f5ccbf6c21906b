"""Typed messages for any number of callbacks, in the order of the messages.

The callbacks of one message are called one after the other, each when the call
before has ended.  So they delay the next message in the same way as a callback for
dicts.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from types import ModuleType
from typing import Any, Generic, TypeVar

from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime

from ..catalogue import events, telemetry
from ..catalogue.messages import ReceivedMessage
from ..catalogue.received import Unknown
from ..delivery.delivery import MessageCallback, name_of
from ..support.callables import require_callback
from ..support.log import NamedLog, beginning_of
from ..support.stats import Stats
from ..support.throttle import Throttle
from ..wire.codec import Message

__all__ = ["Subscription", "Subscriptions", "TypedReceiver"]

T = TypeVar("T", bound=ReceivedMessage | Unknown)

# Seconds between two warnings about messages that do not fit their class: telemetry
# that does not fit may come 20 times a second.
_UNFIT_LOG_INTERVAL = 10.0


class Subscription(Generic[T]):
    """One callback for the messages of one class.

    Attributes
    ----------
    kind
        The class.
    callback
        The callback.
    active
        Whether the callback is called; False after `cancel`.
    """

    def __init__(self, kind: type[T], callback: Callable[[T], object]) -> None:
        self.kind = kind
        self.callback = callback
        self.active = True

    def cancel(self) -> None:
        """Stop the calls.  It may be called at any time.  A running call continues."""
        self.active = False


class Subscriptions:
    """The callbacks for the messages of one port.

    Parameters
    ----------
    first
        Called with the keyword ``message`` for each message, before the typed callbacks.
    kinds
        The module of the catalogue that has the classes of the messages of this port.
    clock
        Measures the time between log lines.
    log
        Takes reports of errors in callbacks, and of messages that do not fit their class.

    Attributes
    ----------
    errors
        Number of exceptions that the typed callbacks have raised.
    """

    def __init__(
        self,
        first: MessageCallback,
        kinds: ModuleType,
        *,
        clock: IReactorTime,
        log: NamedLog,
    ) -> None:
        require_callback(first)
        self._first = first
        # The name of the callback that runs, for the warning about a stall.
        self.__qualname__ = name_of(first)
        self._parse: Callable[[Message], object] = kinds.parse
        self._kinds = frozenset([*kinds.BY_NAME.values(), Unknown])
        self._clock = clock
        self._log = log
        self._throttle = Throttle(_UNFIT_LOG_INTERVAL)
        self._by_name: dict[str, list[Subscription[Any]]] = {}
        self._for_unknown: list[Subscription[Any]] = []
        # Number of calls of `stop`.  A delivery that began before such a call does not continue.
        self._stops = 0
        self.errors = 0

    def takes(self, kind: object) -> bool:
        """Whether messages of a class can come over this port."""
        return kind in self._kinds

    def add(self, subscription: Subscription[Any]) -> None:
        """Call back from the next message on."""
        require_callback(subscription.callback)
        kind = subscription.kind
        if issubclass(kind, Unknown):
            subscriptions = self._for_unknown
        else:
            subscriptions = self._by_name.setdefault(kind.name, [])
        # Cancelled ones are forgotten here as well, because messages of the class
        # may never come.
        self._forget_cancelled(subscriptions)
        subscriptions.append(subscription)

    def counted(self, stats: Stats) -> Stats:
        """Return counters that include the errors of the typed callbacks."""
        return replace(stats, callback_errors=stats.callback_errors + self.errors)

    def stop(self) -> None:
        """Call no further callback for the message that is being delivered."""
        self._stops += 1

    def __call__(self, *, message: Message) -> object:
        """Deliver a message.  Return an awaitable if a callback must be awaited."""
        name = message.get("id")
        if self._for_unknown or (isinstance(name, str) and name in self._by_name):
            return self._deliver(message, name)
        # There is no coroutine of our own here: it would double the time of a message.
        return self._first(message=message)

    async def _deliver(self, message: Message, name: Any) -> None:
        stops = self._stops
        raised: BaseException | None = None
        # The message is parsed before a callback can change it.
        due = self._due(message, name)
        try:
            await _finished(self._first(message=message))
        except GeneratorExit:
            raise
        except BaseException as error:
            raised = error
        for subscription, typed in due:
            if self._stops != stops:
                break
            if subscription.active:
                await self._call(subscription, typed, message, stops)
        self.__qualname__ = name_of(self._first)
        if raised is not None:
            # Raised again, so that it is logged and counted in the same way as
            # without subscriptions.
            raise raised

    def _due(self, message: Message, name: Any) -> list[tuple[Subscription[Any], object]]:
        """Return the callbacks to call, each with its message."""
        typed = self._parse(message)
        subscriptions = self._by_name.get(name, []) if isinstance(name, str) else []
        if isinstance(typed, Unknown):
            if subscriptions:
                self._report_unfit(name, typed)
            subscriptions = self._for_unknown
        self._forget_cancelled(subscriptions)
        return [(subscription, typed) for subscription in subscriptions]

    def _forget_cancelled(self, subscriptions: list[Subscription[Any]]) -> None:
        if not all(subscription.active for subscription in subscriptions):
            subscriptions[:] = [one for one in subscriptions if one.active]

    async def _call(
        self, subscription: Subscription[Any], typed: object, message: Message, stops: int
    ) -> None:
        self.__qualname__ = name_of(subscription.callback)
        try:
            await _finished(subscription.callback(typed))
        except GeneratorExit:
            raise
        except BaseException as error:
            if self._stops != stops and isinstance(error, CancelledError | asyncio.CancelledError):
                raise  # The client was closed and cancels the callback.
            self.errors += 1
            shown = beginning_of(message)
            self._log.error("The callback failed on the message %s", shown, exc_info=error)

    def _report_unfit(self, name: str, unknown: Unknown) -> None:
        if self._throttle.admit(self._clock.seconds()) is not None:
            self._log.warning(
                "No callback is called for a %s that does not fit its class: %s",
                name,
                unknown.reason,
            )


class TypedReceiver:
    """The typed method of a class that receives the messages of both ports."""

    _events: Subscriptions
    _topics: Subscriptions

    def _make_subscriptions(
        self,
        on_event: MessageCallback | None,
        on_telemetry: MessageCallback | None,
        clock: IReactorTime,
        logger: logging.Logger,
    ) -> None:
        """Make the subscriptions of each port.  Its name begins the lines of the log."""
        self._events, self._topics = (
            Subscriptions(first or _ignore, kinds, clock=clock, log=NamedLog(logger, port))
            for port, first, kinds in (
                ("command", on_event, events),
                ("telemetry", on_telemetry, telemetry),
            )
        )

    def subscribe(self, kind: type[T], callback: Callable[[T], object]) -> Subscription[T]:
        """Call a function with each typed message of a class, from the next message on.

        There may be any number of callbacks, of the same kinds as ``on_event``.  The callbacks
        for one message are called one after the other, after ``on_event`` or ``on_telemetry``.
        The next message waits for them.

        Parameters
        ----------
        kind
            A class of `m2com_twisted.catalogue.events` or ``telemetry``.  `Unknown`
            stands for all messages, of both ports, that do not fit the catalogue.
        callback
            Called with the message.

        Returns
        -------
        subscription
            The subscription, which can be cancelled.

        Raises
        ------
        TypeError
            If the controller sends no messages of this class, or the callback is not
            callable or is a generator function.
        """
        subscription = Subscription(kind, callback)
        ports = [port for port in (self._events, self._topics) if port.takes(kind)]
        if not ports:
            raise TypeError(f"{kind!r} is no class of what the controller sends.")
        for port in ports:
            port.add(subscription)
        return subscription


def _ignore(message: Message) -> None:
    """Do nothing with a message."""


async def _finished(result: object) -> None:
    """Wait until a callback has ended."""
    if result is not None and isinstance(result, Awaitable):
        await result
