"""Do one job."""

import importlib
import json
import sys
from dataclasses import asdict

from ..job import Job, use_core
from . import Tasks

use_core(1)
job = Job.from_json(sys.argv[1])
tasks: Tasks = importlib.import_module(f"{__package__}.{job.opponent}").TASKS
print(json.dumps(asdict(tasks[job.task](job))))
