"""The messages of a telemetry cycle as the simulator's model says, without any line kept."""

from m2com_twisted.simulator import Model
from m2com_twisted.simulator.model.telemetry import TOPICS, TOPICS_ALWAYS, fields_of
from m2com_twisted.wire.codec import Message

__all__ = ["telemetry"]


def telemetry(model: Model) -> list[Message]:
    """Return the messages of one telemetry cycle, in order."""
    model.sensors.drift()
    topics = TOPICS if model.motor_on else TOPICS_ALWAYS
    return [
        {"id": name, **dict(zip(fields_of(name), build(model), strict=True))}
        for name, build in topics.items()
    ]
