"""The time that an import takes, in an interpreter that has imported nothing else."""

import statistics
import subprocess
import sys
from functools import partial

from ..job import Job, Measurement
from . import Tasks

__all__ = ["TASKS"]

_PROGRAM = """
import time
start = time.process_time()
import {}
print(time.process_time() - start)
"""


def _import(modules: str, job: Job) -> Measurement:
    command = [sys.executable, "-c", _PROGRAM.format(modules)]
    times = [
        float(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)
        for _ in range(job.repeat)
    ]
    return Measurement(statistics.median(times), job.repeat)


TASKS: Tasks = {
    "package": partial(_import, "m2com_twisted"),
    "required": partial(_import, "twisted.internet.endpoints, twisted.protocols.basic, msgspec"),
}
