"""What went over the connections, on disk: recordings in the MCAP format.

Needs ``mcap``: the extra ``recording``.
"""

from .disk import Limits
from .reading import FollowedRecording, RecordingReader, read_recording, segments, selected
from .recorder import ConnectionRecorder, Recorder, RecorderStats
from .retention import Keep
from .segment_file import Record, Selection

__all__ = [
    "ConnectionRecorder",
    "FollowedRecording",
    "Keep",
    "Limits",
    "Record",
    "Recorder",
    "RecorderStats",
    "RecordingReader",
    "Selection",
    "read_recording",
    "segments",
    "selected",
]
