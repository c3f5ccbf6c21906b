"""The time that an import takes, in an interpreter that has imported nothing else."""

import os
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
    # An installed package has its bytecode beside it, as those it needs have.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    command = [sys.executable, "-c", _PROGRAM.format(modules)]
    done = [
        subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, env=environment)
        for _ in range(job.repeat + 1)
    ]
    # The first may have had to compile it.
    return Measurement(statistics.median(float(one.stdout) for one in done[1:]), job.repeat)


TASKS: Tasks = {
    "package": partial(_import, "m2com_twisted"),
    "required": partial(_import, "twisted.internet.endpoints, twisted.protocols.basic, msgspec"),
}
