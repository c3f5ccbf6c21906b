"""The lines of a telemetry cycle.  What has not changed is neither built nor encoded again."""

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import cast

from ...wire.codec import encode
from ..model.model import Model
from ..model.telemetry import (
    FLOAT_TOPICS,
    SOURCES,
    TOPICS,
    TOPICS_ALWAYS,
    Sources,
    fields_of,
    message,
    same,
)
from .float_lines import FloatLine, FloatTexts
from .line_cache import LineCache

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
        self._texts = FloatTexts()
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
        model, build = self._model, TOPICS[name]
        if name not in FLOAT_TOPICS:
            return lambda: encode(message(model, name))
        line = FloatLine(name, fields_of(name), self._texts)
        return lambda: line.encode(cast("tuple[float, ...]", build(model)))


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
        self._names = names
        self._sources = sources
        self._encode = LineCache().encode
        self._kept: tuple[object, ...] = ()
        self._lines = b""

    def lines(self) -> bytes:
        """Return the lines of the present state."""
        sources = self._sources(self._model)
        if not same(sources, self._kept):
            self._lines = b"".join(self._encode(message(self._model, name)) for name in self._names)
            self._kept = sources
        return self._lines
