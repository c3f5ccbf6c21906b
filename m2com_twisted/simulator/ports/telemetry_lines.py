"""The lines of a telemetry cycle.  What has not changed is neither built nor encoded again."""

from collections.abc import Callable, Iterable
from itertools import groupby
from operator import is_

from ..model.model import Model
from ..model.telemetry import (
    SOURCES,
    TOPICS,
    TOPICS_ALWAYS,
    Sources,
    fields_of,
)
from .number_line import NumberLine

__all__ = ["TelemetryLines"]

#: Returns the lines of one topic, or of several that follow each other.
Section = Callable[[], bytes]


class TelemetryLines:
    """Makes the lines that the telemetry port sends in each cycle.

    Parameters
    ----------
    model
        The state of the controller.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._always = self._sections(TOPICS_ALWAYS)
        self._powered = self._always + self._sections(list(TOPICS)[len(TOPICS_ALWAYS) :])

    def cycle(self) -> bytes:
        """Let the sensors change, and return the lines of one cycle.

        Raises
        ------
        UnserializableMessageError
            If a number is NaN or infinity.
        """
        self._model.sensors.drift()
        sections = self._powered if self._model.motor_on else self._always
        return b"".join([section() for section in sections])

    def _sections(self, topics: Iterable[str]) -> list[Section]:
        sections: list[Section] = []
        for sources, names in groupby(topics, SOURCES.get):
            if sources is None:
                sections += map(self._changing, names)
            else:
                sections.append(_StillLines(self._model, list(names), sources).lines)
        return sections

    def _changing(self, name: str) -> Section:
        """Return the section of a topic that changes in every cycle."""
        model, build, line = self._model, TOPICS[name], NumberLine(name, fields_of(name))
        return lambda: line.encode(build(model))


class _StillLines:
    """Lines that are made again only if one of their sources has changed.

    Parameters
    ----------
    model
        The state of the controller.
    names
        The topics, which all follow from the same sources.
    sources
        Returns the sources.
    """

    def __init__(self, model: Model, names: list[str], sources: Sources) -> None:
        self._model = model
        self._sources = sources
        self._topics = [(NumberLine(name, fields_of(name)), TOPICS[name]) for name in names]
        self._kept: tuple[object, ...] = ()
        self._copies: tuple[object, ...] = ()
        self._lines = b""

    def lines(self) -> bytes:
        """Return the lines of the present state."""
        sources = self._sources(self._model)
        # A list may also be changed in place.  Then it differs from its copy.
        if not (all(map(is_, sources, self._kept)) and sources == self._copies):
            lines = [line.encode(build(self._model)) for line, build in self._topics]
            self._kept, self._lines = sources, b"".join(lines)
            self._copies = tuple(list(one) if isinstance(one, list) else one for one in sources)
        return self._lines
