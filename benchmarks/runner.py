"""Runs comparisons, each job in a process of its own."""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .comparisons import Comparison, Ratio
from .job import Job, Measurement
from .loads import Loads
from .sender import running_sender

__all__ = ["Outcome", "Spread", "run"]


@dataclass(frozen=True)
class Spread:
    """The median of some figures, and between what they lie."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> "Spread":
        """Return that of these figures."""
        return cls(statistics.median(figures), min(figures), max(figures))


@dataclass(frozen=True)
class Outcome:
    """What came out of a comparison."""

    comparison: Comparison
    #: Of each contestant, a figure for each round, in the comparison's unit.
    costs: dict[str, list[float]]

    def cost(self, contestant: str) -> Spread:
        """Return what one contestant cost."""
        return Spread.of(self.costs[contestant])

    def ratio(self, ratio: Ratio) -> Spread:
        """Return a ratio, which is taken in each round by itself."""
        pairs = zip(self.costs[ratio.of], self.costs[ratio.to], strict=True)
        return Spread.of([of / to for of, to in pairs])


class _Runner:
    def __init__(self, port: int, loads: Loads) -> None:
        self._port = port
        self._loads = loads

    def compare(self, comparison: Comparison, rounds: int) -> Outcome:
        costs: dict[str, list[float]] = {name: [] for name in comparison.jobs}
        for number in range(rounds * comparison.effort):
            # To and fro, so that nobody always comes first.
            names = list(costs) if number % 2 else list(reversed(costs))
            for name in names:
                costs[name].append(self._cost(comparison, comparison.jobs[name]))
        return Outcome(comparison, costs)

    def _cost(self, comparison: Comparison, job: Job) -> float:
        measurement = self._measure(job)
        shares = 1
        if comparison.per == "message":
            shares = measurement.messages
        elif comparison.per == "byte":
            shares = len(self._loads.get(job.load).block) * job.repeat
        return comparison.scale * measurement.cost / shares

    def _measure(self, job: Job) -> Measurement:
        command = [sys.executable, "-m", "benchmarks.opponents"]
        command.append(replace(job, port=self._port).to_json())
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, timeout=60)
        measurement = Measurement(**json.loads(done.stdout))
        if job.task in ("receive", "suspend"):
            expected = self._loads.get(job.load).messages * job.repeat * job.clients
            if measurement.messages != expected:
                raise RuntimeError(f"{job}: {measurement.messages} messages, not {expected}")
        if job.task == "stall" and not measurement.messages:
            raise RuntimeError(f"{job}: nothing came that could have taken memory")
        return measurement


def run(
    comparisons: Sequence[Comparison],
    rounds: int,
    capture: Path | None,
    started: Callable[[str], object],
) -> Iterator[Outcome]:
    """Yield the outcome of each comparison.

    Parameters
    ----------
    comparisons
        What to compare.
    rounds
        How often each.
    capture
        See `Loads`.
    started
        Told the title of a comparison before it begins.
    """
    with running_sender(capture) as port:
        runner = _Runner(port, Loads(capture))
        for comparison in comparisons:
            started(comparison.title)
            yield runner.compare(comparison, rounds)
