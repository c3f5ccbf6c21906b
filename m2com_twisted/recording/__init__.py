"""Recordings of the messages of both connections, in the MCAP format.

Needs ``mcap``: the extra ``recording``.
"""

from .reading import FollowedRecording, RecordingReader, read_recording, segments, selected
from .recorder import ConnectionRecorder, Recorder, RecorderStats
from .retention import Keep
from .segment_file import Record, Selection
from .segment_limits import SegmentLimits

__all__ = [
    "ConnectionRecorder",
    "FollowedRecording",
    "Keep",
    "Record",
    "Recorder",
    "RecorderStats",
    "RecordingReader",
    "SegmentLimits",
    "Selection",
    "read_recording",
    "segments",
    "selected",
]
