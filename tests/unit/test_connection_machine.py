"""The machine of a connection's life: every input in every state, alone and in pairs."""

import copy
from collections import deque
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m2com_twisted import ConnectionState
from m2com_twisted.connection import effects, inputs
from m2com_twisted.connection.machine import Machine

# Coverage makes these long walks several times as slow, and other tests reach the same lines.
pytestmark = pytest.mark.no_cover

# The most waiters of each kind in the search; more of them are no other case.
MOST_WAITERS = 3

REASON = ConnectionError("a reason")


class World:
    """A machine, and what becomes of its effects; each is performed in its turn."""

    def __init__(self, retries: bool) -> None:
        self.machine = Machine(retries)
        self.dialling: int | None = None
        self.connection: int | None = None
        self.timer = False
        self.reading = False
        self.ending = False
        self.told_connected = False
        self.waiting: set[int] = set()
        self.last_number = 0
        self.last_dialled = 0
        self.shown = ConnectionState.IDLE
        # Whether no connection was asked for since the client was closed.
        self.closed = True
        self._queue: deque[effects.Effect] = deque()

    def put(self, happened: inputs.Input) -> None:
        """Put an input in, perform what follows, and check the state."""
        self._queue.extend(self.machine.handle(happened))
        while self._queue:
            effect = self._queue.popleft()
            perform = getattr(self, f"_{type(effect).__name__}", None)
            if perform is not None:
                perform(effect)
        self.check()

    # The effects

    def _Dial(self, effect: effects.Dial) -> None:
        assert effect.attempt > self.last_dialled
        assert not self.closed
        assert (self.dialling, self.connection, self.timer) == (None, None, False)
        self.dialling = self.last_dialled = effect.attempt

    def _Abandon(self, effect: effects.Abandon) -> None:
        assert effect.attempt != self.connection
        if effect.attempt == self.dialling:
            self.dialling = None

    def _NoteConnection(self, effect: effects.NoteConnection) -> None:
        assert self.dialling == effect.attempt
        self.dialling, self.connection = None, effect.attempt
        self.reading = False

    def _NoteFailure(self, effect: effects.NoteFailure) -> None:
        assert self.dialling is not None
        self.dialling = None

    def _NoteLoss(self, effect: effects.NoteLoss) -> None:
        assert self.connection is None

    def _ShowState(self, effect: effects.ShowState) -> None:
        assert effect.state is not self.shown
        self.shown = effect.state

    def _TellConnected(self, effect: effects.TellConnected) -> None:
        assert not self.told_connected
        self.told_connected = True

    def _TellLost(self, effect: effects.TellLost) -> None:
        self.told_connected = False

    def _Announce(self, effect: effects.Announce) -> None:
        self._queue.extend(self.machine.handle(inputs.Announced(effect.attempt)))

    def _StartReading(self, effect: effects.StartReading) -> None:
        assert not self.reading
        self.reading = True

    def _ConnectSucceeded(self, effect: effects.ConnectSucceeded) -> None:
        assert self.machine.connected
        self.waiting.remove(effect.waiter)

    def _ConnectFailed(self, effect: effects.ConnectFailed) -> None:
        assert effect.reason is REASON
        self.waiting.remove(effect.waiter)

    def _ConnectClosed(self, effect: effects.ConnectClosed) -> None:
        self.waiting.remove(effect.waiter)

    def _CloseDone(self, effect: effects.CloseDone) -> None:
        self.waiting.remove(effect.waiter)

    def _ScheduleRetry(self, effect: effects.ScheduleRetry) -> None:
        assert not self.timer
        self.timer = True

    def _CancelRetry(self, effect: effects.CancelRetry) -> None:
        assert self.timer
        self.timer = False

    def _Disconnect(self, effect: effects.Disconnect) -> None:
        self.ending = True

    # What can happen

    def inputs(self) -> Iterator[Callable[["World"], None]]:
        """Yield all that can happen now, and all that comes too late."""
        if len(self.machine.connects) < MOST_WAITERS:
            yield World.connect
        if len(self.machine.closes) < MOST_WAITERS:
            yield World.close
        yield World.start
        for waiter in [*self.machine.connects, 0]:
            yield lambda world, waiter=waiter: world.cancel(waiter)  # type: ignore[misc]
        if self.dialling is not None:
            yield World.succeed
            yield World.fail
        if self.connection is not None:
            yield World.lose
            yield World.give_up
        if self.timer:
            yield World.fire
        if self.ending and self.connection is None:
            yield World.end
        yield World.come_too_late

    def connect(self) -> None:
        """Ask for a connection."""
        self.closed = False
        self.put(inputs.Connect(self._new_waiter(), 1.0))

    def close(self) -> None:
        """Ask for the end."""
        self.closed = True
        self.put(inputs.Close(self._new_waiter()))

    def start(self) -> None:
        """Ask for attempts."""
        self.closed = False
        self.put(inputs.Start(2.0))

    def cancel(self, waiter: int) -> None:
        """Cancel a waiter, or one that is not there any more."""
        self.waiting.discard(waiter)
        self.put(inputs.ConnectCancelled(waiter))

    def succeed(self) -> None:
        """Let the attempt succeed."""
        assert self.dialling is not None
        self.put(inputs.AttemptSucceeded(self.dialling))

    def fail(self) -> None:
        """Let the attempt fail."""
        assert self.dialling is not None
        self.put(inputs.AttemptFailed(self.dialling, REASON))

    def lose(self) -> None:
        """Lose the connection."""
        assert self.connection is not None
        number, self.connection = self.connection, None
        self.put(inputs.ConnectionLost(number, REASON))

    def give_up(self) -> None:
        """Let this end give the connection up."""
        assert self.connection is not None
        self.put(inputs.GivenUp(self.connection))

    def fire(self) -> None:
        """Let the delay be over."""
        self.timer = False
        self.put(inputs.RetryDue())

    def end(self) -> None:
        """Let all have ended that was to end."""
        self.ending = False
        self.put(inputs.TornDown())

    def come_too_late(self) -> None:
        """Let everything happen to an attempt of old: it changes nothing."""
        before = self.key()
        old = -1
        assert self.machine.handle(inputs.AttemptSucceeded(old)) == [effects.Abandon(old)]
        for late in (
            inputs.AttemptFailed(old, REASON),
            inputs.Announced(old),
            inputs.GivenUp(old),
            inputs.ConnectionLost(old, REASON),
        ):
            assert self.machine.handle(late) == []
        if not self.timer:
            assert self.machine.handle(inputs.RetryDue()) == []
        if not self.ending:
            assert self.machine.handle(inputs.TornDown()) == []
        assert self.key() == before

    def _new_waiter(self) -> int:
        self.last_number += 1
        self.waiting.add(self.last_number)
        return self.last_number

    # What holds

    def check(self) -> None:
        """Check the table of `ConnectionState`, and that nobody waits without a reason."""
        machine, state = self.machine, self.machine.state
        assert (self.dialling is not None) == (state is ConnectionState.CONNECTING)
        assert self.timer == (state is ConnectionState.WAITING)
        if state is not ConnectionState.CLOSING:
            assert (self.connection is not None) == (state is ConnectionState.CONNECTED)
        assert self.ending == (state is ConnectionState.CLOSING)
        if machine.connected:
            assert state is ConnectionState.CONNECTED
        if machine.connected or state is ConnectionState.IDLE:
            assert machine.connects == []
        if machine.connected:
            assert self.reading
        if state is not ConnectionState.CLOSING:
            assert machine.closes == []
        assert self.waiting == {*machine.connects, *machine.closes}
        assert self.shown is state
        if state is not ConnectionState.CLOSING:
            assert self.told_connected == (state is ConnectionState.CONNECTED)
        if state is not ConnectionState.IDLE:
            assert machine.should_be_connected == (state is not ConnectionState.CLOSING)
        if self.closed:
            assert state in (ConnectionState.IDLE, ConnectionState.CLOSING)
            assert not machine.should_be_connected

    def key(self) -> tuple[object, ...]:
        """Return what tells this world from others, whatever the numbers in it."""
        fields = {**vars(self.machine), **vars(self)}
        for name in ("machine", "_queue", "_last_attempt", "last_number", "last_dialled"):
            del fields[name]
        for name in ("attempt", "dialling", "connection"):
            fields[name] = fields[name] is not None
        for name in ("connects", "closes", "waiting"):
            fields[name] = len(fields[name])
        return tuple(fields.values())


def worlds(retries: bool) -> list[World]:
    """Return one world of every kind that any inputs lead to."""
    found = {World(retries).key(): World(retries)}
    unexplored = list(found.values())
    while unexplored:
        world = unexplored.pop()
        for happen in list(world.inputs()):
            following = copy.deepcopy(world)
            happen(following)
            if following.key() not in found:
                found[following.key()] = following
                unexplored.append(following)
    return list(found.values())


@pytest.mark.parametrize("retries", [True, False])
def test_any_two_inputs_in_any_state(retries: bool) -> None:
    """After any two inputs in any state that can be reached, all invariants hold."""
    pairs = 0
    for world in worlds(retries):
        for first in list(world.inputs()):
            one = copy.deepcopy(world)
            first(one)
            for second in list(one.inputs()):
                second(copy.deepcopy(one))
                pairs += 1
    assert {world.machine.state for world in worlds(retries)} == set(ConnectionState)
    assert pairs > 1000


@given(st.booleans(), st.lists(st.integers(0, 100), max_size=60))
@settings(max_examples=300)
def test_any_inputs_in_a_row(retries: bool, choices: list[int]) -> None:
    """Long ways through the states keep the invariants; closing ends it from anywhere."""
    world = World(retries)
    for choice in choices:
        possible = list(world.inputs())
        possible[choice % len(possible)](world)
    world.close()
    if world.connection is not None:
        world.lose()
    world.end()
    assert world.machine.state is ConnectionState.IDLE
    assert world.waiting == set()


def test_a_start_that_joins_a_first_connect_outlives_its_failure() -> None:
    """`connect` is told of the failure, and the attempts go on for `start`."""
    world = World(retries=True)
    world.connect()
    world.start()
    world.fail()
    assert world.waiting == set()
    assert world.machine.state is ConnectionState.WAITING


def test_a_start_that_joins_a_first_connect_outlives_its_cancelling() -> None:
    """The attempt goes on for the one who starts."""
    world = World(retries=True)
    world.connect()
    world.start()
    world.cancel(1)
    assert world.machine.state is ConnectionState.CONNECTING


def test_an_input_that_nobody_handles_is_an_error() -> None:
    """An input without a handler is an error."""
    with pytest.raises(NotImplementedError):
        Machine(retries=True).handle(inputs.Input())


def test_the_machine_knows_neither_twisted_nor_log_nor_clock() -> None:
    """The state machine imports only its own inputs, states and effects."""
    import ast
    from pathlib import Path

    from m2com_twisted.connection import machine

    for module in (machine, inputs, effects):
        tree = ast.parse(Path(module.__file__ or "").read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                assert node.level == 1 or node.module in ("functools", "dataclasses")
            assert not isinstance(node, ast.Import)
