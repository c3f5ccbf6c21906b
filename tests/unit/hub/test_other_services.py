"""When a service that stands by learns that the other one has ended."""

import json

import pytest

from m2com_twisted.hub.other_services import OtherServices
from m2com_twisted.hub.subjects import Subjects


class Heard:
    """Services that are heard, and how often one has ended."""

    def __init__(self) -> None:
        self.ends = 0
        self.services = OtherServices(Subjects("main"), "own", self._ended)

    def _ended(self) -> None:
        self.ends += 1

    def beat(self, source: str, now: float, **more: object) -> None:
        """Let a service send a heartbeat."""
        self.services.take(json.dumps({"source": source, **more}).encode(), now)
        self.services.look(now)


@pytest.fixture
def heard() -> Heard:
    """Return services of which none is heard yet."""
    return Heard()


def test_service_that_says_that_it_ends(heard: Heard) -> None:
    """The last heartbeat of a service tells its end at once."""
    heard.beat("other", 0.0, command="connected")
    heard.beat("other", 1.0, command="idle", ended=True)
    heard.services.look(1.9)
    assert heard.ends == 1


def test_end_is_told_once_more(heard: Heard) -> None:
    """An attempt that was under way when a service ended is followed by another one."""
    heard.beat("other", 0.0)
    heard.beat("other", 1.0, ended=True)
    heard.services.look(2.0)
    assert heard.ends == 2
    heard.services.look(20.0)
    assert heard.ends == 2


def test_service_that_is_killed(heard: Heard) -> None:
    """A service has ended when some of its heartbeats are missing."""
    for second in range(10):
        heard.beat("other", float(second))
    heard.services.look(12.0)
    assert heard.ends == 0
    heard.services.look(13.0)
    heard.services.look(13.5)
    assert heard.ends == 1


def test_own_heartbeat_and_foreign_lines_are_no_other_service(heard: Heard) -> None:
    """Neither the own heartbeat nor what is no heartbeat makes this service dial."""
    heard.beat("own", 0.0)
    heard.beat("own", 1.0, ended=True)
    for line in b"", b"[]", b"7", b"{}", b"nonsense", b"[" * 10_000:
        heard.services.take(line, 1.0)
    heard.services.look(20.0)
    assert heard.ends == 0
