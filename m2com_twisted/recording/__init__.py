"""What the controller sent, on disk."""

from .json_lines import FILE_NAME, Record, Recorder, read_recording

__all__ = ["FILE_NAME", "Record", "Recorder", "read_recording"]
