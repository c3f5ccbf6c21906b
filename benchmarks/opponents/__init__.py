"""Who is measured: a module each, with a table of what it can be asked to do.

``python -m benchmarks.opponents JOB`` does one job and prints the measurement.
"""

from collections.abc import Callable, Mapping

from ..job import Job, Measurement

__all__ = ["Tasks"]

#: What an opponent can do, by name.
Tasks = Mapping[str, Callable[[Job], Measurement]]
