"""What is measured against what, and what is to be reached."""

import importlib.util
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from .job import Job

__all__ = ["COMPARISONS", "Comparison", "Ratio", "smoke_test"]


@dataclass(frozen=True)
class Ratio:
    """The cost of one contestant in that of another."""

    of: str
    to: str
    #: The most that it may be; None where it is for information.
    target: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Jobs that are done in turn, time and again, under the same conditions."""

    title: str
    #: By the name of the contestant.
    jobs: dict[str, Job]
    ratios: tuple[Ratio, ...] = ()
    #: What a cost is divided by.
    per: Literal["message", "byte", "measurement"] = "message"
    #: What a cost is then multiplied by, to be shown in this unit.
    scale: float = 1e6
    unit: str = "us"
    #: The most that the first contestant may cost, in the unit.
    target: float | None = None
    #: By how much to multiply the rounds.
    effort: int = 1


def _opponents(job: Job) -> dict[str, Job]:
    """Have a job done by all who can receive."""
    modules = {
        "client": "client",
        "floor": "floor",
        "asyncio": "asyncio_original",
        "stock Twisted": "stock_twisted",
    }
    if _original_is_there():
        modules["original"] = "lsst_original"
    return {name: replace(job, opponent=module) for name, module in modules.items()}


def _original_is_there() -> bool:
    try:
        return importlib.util.find_spec("lsst.ts.m2com") is not None
    except ModuleNotFoundError:  # not even a package it would be in
        return False


def _receiving(title: str, job: Job, **targets: float) -> Comparison:
    jobs = _opponents(job)
    ratios = (Ratio("client", name, targets.get(name)) for name in jobs if name != "client")
    # Twice the rounds: short as the floor is, it is the noisiest of all.
    return Comparison(title, jobs, tuple(ratios), effort=2 if targets else 1)


def _against_asyncio(job: Job) -> dict[str, Job]:
    return {"client": job, "asyncio": replace(job, opponent="asyncio_original")}


def _typed(load: str, repeat: int) -> dict[str, Job]:
    return {
        "decode": Job("typed", "decode", load, repeat),
        "to dict": Job("typed", "to dict", load, repeat),
    }


# The repeats are such that most measurements take a tenth of a second or more:
# the clock of the CPU is exact, but what a process does only once must not
# count.  With a third of them telemetry to the client came out 4 % dearer.
COMPARISONS = (
    _receiving("Telemetry", Job("", "receive", "telemetry", 60), floor=1.35, asyncio=0.25),
    _receiving("Small events", Job("", "receive", "small events", 150), floor=2.0, asyncio=0.20),
    Comparison(
        "Callbacks that suspend",
        {
            "client": Job("client", "suspend", "small events", 15),
            "bare coroutine": Job("bare_coroutine", "suspend", "small events", 15),
        },
        (Ratio("client", "bare coroutine", 1.25),),
    ),
    Comparison(
        "Round trip, median wall",
        {
            "run_command": Job("client", "round trip", repeat=1000),
            "by callback": Job("client", "round trip by callback", repeat=1000),
            "asyncio": Job("asyncio_original", "round trip", repeat=1000),
        },
        (Ratio("run_command", "asyncio", 1.1), Ratio("by callback", "asyncio", 1.1)),
        per="measurement",
    ),
    Comparison(
        "write_message, telemetry in bursts",
        _against_asyncio(Job("client", "write telemetry", repeat=15)),
        (Ratio("client", "asyncio", 0.8),),
    ),
    Comparison(
        "write_message, commands in bursts",
        _against_asyncio(Job("client", "write commands", repeat=15)),
        (Ratio("client", "asyncio", 0.8),),
    ),
    _receiving("Telemetry by 1448 bytes", Job("", "receive", "telemetry", 8, read_size=1448)),
    _receiving("Small events by 1 byte", Job("", "receive", "small events", 1, read_size=1)),
    Comparison(
        "Long lines",
        {
            "8 MB": Job("client", "receive", "8 MB line", 2),
            "64 kB": Job("client", "receive", "64 kB lines", 2),
        },
        (Ratio("8 MB", "64 kB", 2.0),),
        per="byte",
        scale=1e9,
        unit="ns",
    ),
    Comparison(
        "Telemetry to n clients in one reactor",
        {
            "500": Job("client", "receive", "telemetry", 1, clients=500),
            "100": Job("client", "receive", "telemetry", 1, clients=100),
            "10": Job("client", "receive", "telemetry", 10, clients=10),
            "1": Job("client", "receive", "telemetry", 100, clients=1),
        },
        (Ratio("500", "1", 1.3), Ratio("100", "1"), Ratio("10", "1")),
    ),
    Comparison(
        "Growth of memory, callback stalled",
        # 400 blocks of half a MB; who does not pause has read them in less than that time.
        {"client": Job("client", "stall", "telemetry", 400, seconds=1.0)},
        per="measurement",
        scale=1e-6,
        unit="MB",
        target=16.0,
    ),
    # What the controller sends, typed, against the same as dicts; without a connection.
    Comparison(
        "Typed telemetry from lines",
        _typed("telemetry", 6),
        (Ratio("decode", "to dict", 1.0),),
    ),
    Comparison(
        "Typed events from lines",
        _typed("small events", 60),
        (Ratio("decode", "to dict", 1.0),),
    ),
    Comparison(
        "Typed events from dicts",
        {"parse": Job("typed", "parse", "all events", 200)},
        target=1.5,
    ),
    Comparison(
        "Typed axialForce from dicts",
        {
            "parse": Job("typed", "parse", "axialForce", 60),
            "to dict": Job("typed", "to dict", "axialForce", 60),
        },
        (Ratio("parse", "to dict", 0.3),),
    ),
    # Beyond the typed message, what a mirror does with it before anybody is told.
    Comparison(
        "State of the mirror, telemetry",
        {"state": Job("mirror_state", "receive", "telemetry", 100)},
        target=3.0,
    ),
    Comparison(
        "State of the mirror, events",
        {"state": Job("mirror_state", "receive", "all events", 1000)},
        target=3.0,
    ),
    Comparison(
        "Recording, on the reactor's thread",
        {
            "recorder": Job("recorder", "arrive", "telemetry", 30),
            "mcap library": Job("recorder", "library", "telemetry", 30),
        },
        (Ratio("recorder", "mcap library", 0.5),),
    ),
    Comparison(
        "Recording, all threads",
        {
            "recorder": Job("recorder", "record", "telemetry", 30),
            "mcap library": Job("recorder", "library", "telemetry", 30),
        },
        (Ratio("recorder", "mcap library"),),
    ),
    Comparison(
        "Longest stall of the reactor, slow disk",
        {
            "recording": Job("recorder", "lateness", "telemetry", seconds=5.0),
            "not recording": Job("recorder", "lateness", "telemetry", clients=0, seconds=5.0),
        },
        (Ratio("recording", "not recording"),),
        per="measurement",
        scale=1e3,
        unit="ms",
    ),
    Comparison(
        "Import",
        {
            "package": Job("imports", "package", repeat=3),
            "what it needs": Job("imports", "required", repeat=3),
        },
        (Ratio("package", "what it needs", 1.2),),
        per="measurement",
        scale=1e3,
        unit="ms",
    ),
    Comparison(
        "One second of the simulator",
        {"simulator": Job("simulator", "telemetry", seconds=1.0)},
        per="measurement",
        scale=1e3,
        unit="ms",
        target=15.0,
    ),
    Comparison(
        "A cycle that moves all actuators",
        {"simulator": Job("simulator", "motion", repeat=200)},
        scale=1e3,
        unit="ms",
        target=0.5,
    ),
)


def smoke_test(comparisons: Iterable[Comparison]) -> Iterator[Comparison]:
    """Yield comparisons that have each opponent do each task, and whose figures mean nothing."""
    seen: set[tuple[str, str]] = set()
    for comparison in comparisons:
        tasks = {(job.opponent, job.task) for job in comparison.jobs.values()}
        if tasks - seen:
            seen |= tasks
            yield replace(
                comparison,
                effort=1,
                jobs={
                    name: replace(job, repeat=1, seconds=min(job.seconds, 0.1))
                    for name, job in comparison.jobs.items()
                },
            )
