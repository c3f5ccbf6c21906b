"""What write_message puts on the wire, and what it refuses."""

import copy
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred

from m2com_twisted import InvalidMessageError, MsgType, NotConnectedError, WriteBufferFullError
from tests.support.coroutines import result_of, start
from tests.support.fake_endpoint import Fixture
from tests.support.json_values import UNSERIALIZABLE, finite_objects


class Writes:
    """A connected client, and each write to its transport."""

    def __init__(self, **options: Any) -> None:
        self.fixture = Fixture(**options)
        self.client = self.fixture.client
        self.attempt = self.fixture.connect()
        self.chunks: list[bytes] = []
        self.attempt.transport.write = self.chunks.append  # type: ignore[method-assign]  # no buffer
        self._producer: Any = self.attempt.transport.producer

    def block(self) -> None:
        """Have the transport report that its buffer is over the high-water mark."""
        self._producer.pauseProducing()

    def unblock(self) -> None:
        """Have the transport report that its buffer is empty."""
        self._producer.resumeProducing()

    def power(self) -> Deferred[None]:
        """Begin to write a command."""
        return start(self.client.write_message(MsgType.Command, "power"))

    @property
    def ids(self) -> list[int]:
        """The sequence ids that were written."""
        return [json.loads(chunk)["sequence_id"] for chunk in self.chunks]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((MsgType.Command, "clearErrors"), b'{"id": "cmd_clearErrors", "sequence_id": 1}\r\n'),
        (
            (MsgType.Command, "power", {"powerType": 2, "status": True}),
            b'{"powerType": 2, "status": true, "id": "cmd_power", "sequence_id": 1}\r\n',
        ),
        (
            (MsgType.Command, "power", {"sequence_id": 7, "status": True}, "ignored"),
            b'{"sequence_id": 1, "status": true, "id": "cmd_power"}\r\n',
        ),
        ((MsgType.Event, "mountInPosition"), b'{"id": "evt_mountInPosition"}\r\n'),
        (
            (MsgType.Event, "mountInPosition", {"inPosition": True}, "MTMount"),
            b'{"inPosition": true, "id": "evt_mountInPosition", "compName": "MTMount"}\r\n',
        ),
        ((MsgType.Telemetry, "elevation", None), b'{"id": "tel_elevation"}\r\n'),
        (
            (
                MsgType.Telemetry,
                "elevation",
                {"actualPosition": 45.0, "\u00b5": "\u2713"},
                "MTMount",
            ),
            b'{"actualPosition": 45.0, "\\u00b5": "\\u2713", "id": "tel_elevation", '
            b'"compName": "MTMount"}\r\n',
        ),
    ],
)
def test_the_line_is_exactly_that_of_the_reference(arguments: Any, line: bytes) -> None:
    """A line has the details first, then the header, as `json.dumps` writes it."""
    writes = Writes()
    result_of(writes.client.write_message(*arguments))
    assert writes.chunks == [line]


@given(details=finite_objects, msg_type=st.sampled_from(MsgType), comp_name=st.none() | st.text())
def test_any_details_are_written_as_json_writes_them(
    details: dict[str, Any], msg_type: MsgType, comp_name: str | None
) -> None:
    """The line of any details is that of `json.dumps`, and the details are unchanged."""
    details.pop("id", None)
    before = copy.deepcopy(details)
    writes = Writes()
    result_of(writes.client.write_message(msg_type, "name", details, comp_name))
    prefix = {MsgType.Command: "cmd_", MsgType.Event: "evt_", MsgType.Telemetry: "tel_"}[msg_type]
    expected = {**details, "id": f"{prefix}name"}
    if msg_type is MsgType.Command:
        expected["sequence_id"] = 1
    elif comp_name is not None:
        expected["compName"] = comp_name
    assert writes.chunks == [json.dumps(expected).encode() + b"\r\n"]
    assert list(details.items()) == list(before.items())


def test_ids_start_at_1_and_go_on_over_connections() -> None:
    """Commands are numbered 1, 2, 3, also across a reconnection; other messages take no number."""
    fixture = Fixture(retry_policy=lambda failures: 1.0)
    attempt = fixture.connect()
    for msg_type in (MsgType.Command, MsgType.Event, MsgType.Telemetry, MsgType.Command):
        result_of(fixture.client.write_message(msg_type, "name"))
    assert fixture.client.last_sequence_id == 2
    attempt.lose()
    fixture.clock.advance(1)
    fixture.endpoint.last.accept()
    result_of(fixture.client.write_message(MsgType.Command, "name"))
    assert fixture.sent() == b'{"id": "cmd_name", "sequence_id": 3}\r\n'
    assert fixture.client.last_sequence_id == 3


def test_ids_come_from_the_generator() -> None:
    """Clients that share a generator share the sequence, and each knows its own last id."""

    def count() -> Iterator[int]:
        yield from itertools.count(100, 10)

    shared = count()
    first, second = Writes(sequence_generator=shared), Writes(sequence_generator=shared)
    for writes in (first, second, first):
        result_of(writes.client.write_message(MsgType.Command, "name"))
    assert (first.ids, second.ids) == ([100, 120], [110])
    assert (first.client.last_sequence_id, second.client.last_sequence_id) == (120, 110)


FAILING: list[Any] = [
    (MsgType.Command, "power", {"id": "mine"}),
    (9, "power", {}),
    *((MsgType.Command, "power", details) for details in UNSERIALIZABLE),
]


@pytest.mark.parametrize("arguments", FAILING, ids=range(len(FAILING)))
def test_a_message_that_cannot_be_sent_takes_no_id(arguments: Any) -> None:
    """A message that cannot be sent raises ValueError, and takes no sequence id."""
    writes = Writes()
    writes.power()
    for _ in range(2):
        with pytest.raises(InvalidMessageError) as caught:
            result_of(writes.client.write_message(*arguments))
        assert isinstance(caught.value, ValueError)
        assert writes.client.last_sequence_id == 1
    writes.power()
    assert writes.ids == [1, 2]


def test_a_failed_write_leaves_no_gap_when_there_is_no_connection() -> None:
    """Without a connection a write raises RuntimeError and takes no id."""
    fixture = Fixture(retry_policy=lambda failures: 1.0)
    for _ in range(2):
        with pytest.raises(NotConnectedError) as caught:
            result_of(fixture.client.write_message(MsgType.Command, "name"))
        assert isinstance(caught.value, RuntimeError)
    assert fixture.client.last_sequence_id == -1
    fixture.connect().lose()
    with pytest.raises(NotConnectedError):
        result_of(fixture.client.write_message(MsgType.Command, "name"))
    fixture.clock.advance(1)
    fixture.endpoint.last.accept()
    assert fixture.sent() == b""
    result_of(fixture.client.write_message(MsgType.Command, "name"))
    assert fixture.sent() == b'{"id": "cmd_name", "sequence_id": 1}\r\n'


@pytest.mark.parametrize(
    ("connected", "arguments", "error", "text"),
    [
        (False, (9, "name", {"id": 1}), NotConnectedError, "not connected"),
        (True, (9, "name", {"id": 1}), InvalidMessageError, "'id'"),
        (True, (9, "name", {"a": object()}), InvalidMessageError, "type 9 is not supported"),
    ],
)
def test_the_checks_come_in_the_order_of_the_reference(
    connected: bool, arguments: Any, error: type[Exception], text: str
) -> None:
    """First the connection is checked, then the 'id' in the details, then the message type."""
    fixture = Fixture()
    if connected:
        fixture.connect()
    with pytest.raises(error, match=text):
        result_of(fixture.client.write_message(*arguments))


# Flow control


def test_writing_waits_for_space_in_order() -> None:
    """Writers wait while the transport's buffer is full, and then write in order."""
    writes = Writes()
    writes.power()
    writes.block()
    waiting = [writes.power() for _ in range(3)]
    assert (writes.ids, writes.client.last_sequence_id) == ([1], 1)
    assert not any(power.called for power in waiting)
    writes.unblock()
    assert writes.ids == [1, 2, 3, 4]
    assert all(power.called for power in waiting)
    assert writes.power().called


def test_those_behind_wait_on_when_the_space_is_gone_again() -> None:
    """A write that fills the buffer again holds back those behind it, and any that come later."""
    writes = Writes()
    writes.block()
    waiting = [writes.power() for _ in range(3)]
    waiting[1].addCallback(lambda _: writes.block())
    writes.unblock()
    waiting.append(writes.power())
    assert [power.called for power in waiting] == [True, True, False, False]
    writes.unblock()
    assert writes.ids == [1, 2, 3, 4]


def test_who_writes_in_a_turn_does_not_overtake() -> None:
    """A message written when another one has got its turn comes after those that waited."""
    writes = Writes()
    writes.block()
    names = ["first", "second"]
    first, _ = (start(writes.client.write_message(MsgType.Event, name)) for name in names)
    first.addCallback(lambda _: start(writes.client.write_message(MsgType.Event, "third")))
    writes.unblock()
    assert [json.loads(chunk)["id"] for chunk in writes.chunks] == [
        "evt_first",
        "evt_second",
        "evt_third",
    ]


def test_a_writer_may_be_cancelled_while_it_waits() -> None:
    """A cancelled writer leaves the line: nothing is written for it, and no id is missing."""
    writes = Writes()
    writes.block()
    waiting = [writes.power() for _ in range(3)]
    cancelled: list[Any] = []
    waiting[1].addErrback(cancelled.append)
    waiting[1].cancel()
    assert cancelled[0].check(CancelledError)
    writes.unblock()
    assert writes.ids == [1, 2]


@pytest.mark.parametrize("end", ["lost", "closed", "silent"])
def test_a_connection_that_ends_fails_those_who_wait(end: str) -> None:
    """A message that still waits when the connection ends was not sent, and has taken no id."""
    writes = Writes(retry_policy=None)
    writes.client.timeout = 5
    writes.block()
    failures: list[Any] = []
    for _ in range(2):
        writes.power().addErrback(failures.append)
    if end == "closed":
        start(writes.client.close())
    elif end == "silent":
        writes.fixture.clock.advance(5)
    writes.attempt.lose()
    # As a producer that waits for space it would keep its transport from closing.
    assert writes.attempt.transport.producer is None
    assert [failure.type for failure in failures] == [NotConnectedError] * 2
    assert (writes.chunks, writes.client.last_sequence_id) == ([], -1)


def test_nobody_writes_after_one_in_front_has_closed_the_client() -> None:
    """If a writer closes the client, the writers behind it do not write."""
    writes = Writes()
    writes.block()
    failures: list[Any] = []
    writes.power().addCallback(lambda _: start(writes.client.close()))
    writes.power().addErrback(failures.append)
    writes.unblock()
    assert writes.ids == [1]
    writes.attempt.lose()
    assert [failure.type for failure in failures] == [NotConnectedError]


def test_too_much_that_waits_is_refused() -> None:
    """A message beyond the cap is refused with WriteBufferFullError."""
    writes = Writes(max_waiting_bytes=1000)
    writes.block()
    text = "x" * 400
    writers = [start(writes.client.write_message(MsgType.Event, text)) for _ in range(2)]
    refused: list[Any] = []
    start(writes.client.write_message(MsgType.Command, text)).addErrback(refused.append)
    [error] = [failure.value for failure in refused]
    assert isinstance(error, WriteBufferFullError)
    assert isinstance(error, RuntimeError)
    assert (error.limit, 800 < error.waiting <= 1000) == (1000, True)
    writers[0].addErrback(lambda failure: None).cancel()
    start(writes.client.write_message(MsgType.Event, text))
    writes.unblock()
    assert len(writes.chunks) == 2
    assert writes.client.last_sequence_id == -1
    writes.block()
    assert not start(writes.client.write_message(MsgType.Event, text)).called


@pytest.mark.parametrize("msg_type", MsgType)
def test_what_waits_is_what_was_asked_for(msg_type: MsgType) -> None:
    """Details that the caller changes while the message waits do not change the message."""
    writes = Writes()
    writes.block()
    forces = [1.0]
    writing = start(writes.client.write_message(msg_type, "applyForces", {"axial": forces}))
    forces[0] = float("nan")
    writes.unblock()
    assert writing.called
    assert json.loads(writes.chunks[0])["axial"] == [1.0]
