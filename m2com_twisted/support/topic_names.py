"""The names by which users can ask for a channel of a recording or of the hub."""

__all__ = ["topic_names"]


def topic_names(channel: str) -> tuple[str, ...]:
    """Return the names of ``/telemetry/position``: with and without ``/``, and the message id."""
    return channel, channel.removeprefix("/"), channel.rpartition("/")[2]
