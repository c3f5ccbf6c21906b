"""Compare, print the table, write the figures and the picture."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from .comparisons import COMPARISONS, smoke_test
from .picture import as_svg
from .report import as_json, as_table, environment
from .runner import run


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="only see that it all works")
    parser.add_argument("--capture", type=Path, metavar="FILE", help="send this as telemetry")
    parser.add_argument("--rounds", type=int, default=5, help="how often each (default: 5)")
    parser.add_argument("--only", default="", metavar="TEXT", help="what has this in its title")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIRECTORY",
        help="where to write results.json and results.svg (default: next to this; smoke: nowhere)",
    )
    return parser.parse_args()


def _show(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _main() -> None:
    arguments = _arguments()
    comparisons = [item for item in COMPARISONS if arguments.only.lower() in item.title.lower()]
    rounds, output = arguments.rounds, arguments.output or Path(__file__).parent
    with tempfile.TemporaryDirectory() as nowhere:
        if arguments.smoke:
            comparisons, rounds = list(smoke_test(comparisons)), 1
            output = arguments.output or Path(nowhere)
        start = time.monotonic()
        outcomes = list(run(comparisons, rounds, arguments.capture, _show))
        (output / "results.json").write_text(as_json(outcomes, rounds))
        (output / "results.svg").write_text(as_svg(outcomes))
    print(as_table(outcomes))
    facts = ", ".join(f"{name} {value}" for name, value in environment().items())
    print(f"\n{rounds} rounds in {time.monotonic() - start:.0f} s; {facts}")


_main()
