"""Compute how far the mirror moved in a recording: the example of docs/recordings.rst."""

import sys

from m2com_twisted.recording import read_recording


def extremes(recording: str) -> tuple[float, float]:
    """Return the smallest and the largest x of the mirror, in um."""
    positions = [
        record.message["x"] for record in read_recording(recording, topics=["/telemetry/position"])
    ]
    return min(positions), max(positions)


def lost_connections(recording: str) -> list[str]:
    """Return the times at which a connection was lost."""
    return [
        f"{record.utc:%Y-%m-%d %H:%M:%S} {record.connection}"
        for record in read_recording(recording, topics=["/link/command", "/link/telemetry"])
        if record.message["state"] == "waiting"
    ]


if __name__ == "__main__":
    print("x from {} to {} um".format(*extremes(sys.argv[1])))
    print("\n".join(lost_connections(sys.argv[1])))
