"""Run the client for long, and print a table of what came of it."""

import argparse
import random
import sys
from collections.abc import Callable, Sequence
from functools import partial

from tests.soak.day import Day, DayReport
from tests.soak.foreign_code import walk_among_foreign_code
from tests.soak.network import DURATIONS, NetworkRow, run_network, why_impossible
from tests.soak.walk import WALKS, WalkReport, walk

_PARTS = ("walk", "day", "network")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--only", choices=_PARTS, help="one of the three parts")
    parser.add_argument("--cases", type=int, default=20_000, help="of each random walk")
    parser.add_argument(
        "--minutes", type=float, default=60.0, help="that each random walk may take at the most"
    )
    parser.add_argument("--hours", type=float, default=24.0, help="of virtual time")
    parser.add_argument("--seed", type=int, help="of the day; by default another in every run")
    parser.add_argument(
        "--no-telemetry",
        action="store_true",
        help="leave the telemetry port out of the day, which takes most of the time",
    )
    return parser.parse_args()


def main() -> None:
    """Run it; the exit code is 1 if anything was not as it must be."""
    arguments = _arguments()
    parts = [arguments.only] if arguments.only else _PARTS
    bad = False
    if "walk" in parts:
        seconds = 60 * arguments.minutes
        walks: list[Callable[[int, float], WalkReport]] = [partial(walk, name) for name in WALKS]
        for begin in (*walks, walk_among_foreign_code):
            walked = begin(arguments.cases, seconds)
            _print_walk(walked)
            bad |= bool(walked.problem)
    if "day" in parts:
        seed = random.randrange(2**32) if arguments.seed is None else arguments.seed
        report = Day(arguments.hours, seed, telemetry=not arguments.no_telemetry).run()
        _print_day(report, seed)
        bad |= bool(report.problems)
    if "network" in parts:
        _print_network()
    sys.exit(bad)


def _print_walk(report: WalkReport) -> None:
    print(f"\nRandom walk: {report.name}\n")
    rows = [
        ("cases", f"{report.cases}"),
        ("seconds taken", f"{report.seconds:.0f}"),
        ("broken invariants", report.problem or "none"),
    ]
    _print_table(("what", "how much"), rows)


def _print_day(report: DayReport, seed: int) -> None:
    print(f"\n{report.hours:g} hours of virtual time, seed {seed}\n")
    rows = [
        ("seconds taken", f"{report.seconds_taken:.0f}"),
        ("faults", f"{report.faults.total()} of {len(report.faults)} kinds"),
        ("closes, connects and outages", f"{report.actions.total()}"),
        ("connections", f"{report.connections}"),
        ("messages delivered", f"{report.delivered}"),
        ("messages lost with a connection", f"{report.lost_on_the_way}"),
        *((f"commands: {name}", f"{count}") for name, count in sorted(report.outcomes.items())),
        ("memory after each hour (MB)", " ".join(f"{size / 1e6:.0f}" for size in report.memory)),
        ("problems", "\n".join(report.problems) or "none"),
    ]
    _print_table(("what", "how much"), rows)


def _print_network() -> None:
    print("\nFaults of a real network\n")
    reason = why_impossible()
    if reason is not None:
        print(f"This machine cannot run it: {reason}.")
        return
    print(f"It takes about {3 * sum(DURATIONS)} s.\n", flush=True)
    _print_table(
        ("fault", "port", "noticed after (s)", "back after (s)", "lost", ""),
        [_network_cells(row) for row in run_network()],
    )


def _network_cells(row: NetworkRow) -> tuple[str, ...]:
    noticed = "survived" if row.noticed is None else f"{row.noticed:.2f}"
    back = "" if row.back is None else f"{row.back:.2f}"
    lost = "" if row.lost is None else f"{row.lost}"
    return (row.fault, row.port, noticed, back, lost, row.remark)


def _print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table as reStructuredText has it."""
    columns = list(zip(heads, *rows, strict=True))
    widths = [max(len(cell) for cell in column) or 1 for column in columns]
    rule = "  ".join("=" * width for width in widths)
    print(rule)
    for number, row in enumerate((heads, *rows)):
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
        if number == 0:
            print(rule)
    # Each part is shown when it is done; the next may take long.
    print(rule, flush=True)


if __name__ == "__main__":
    main()
