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
    parser.add_argument("--capture", type=_recording, metavar="FILE", help="send this as telemetry")
    parser.add_argument("--rounds", type=_count, default=5, help="how often each (default: 5)")
    parser.add_argument("--only", default="", metavar="TEXT", help="what has this in its title")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIRECTORY",
        help="where to write results.json and results.svg"
        " (default: next to this; with --only or --smoke: nowhere)",
    )
    return parser.parse_args()


def _recording(text: str) -> Path:
    try:
        recording = Path(text).read_bytes()
    except OSError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if b"\r\n" not in recording:
        raise argparse.ArgumentTypeError(f"no line of {text} ends with CRLF")
    return Path(text)


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"a number from 1 on, not {text!r}")
    return int(text)


def _show(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _main() -> None:
    arguments = _arguments()
    comparisons = [item for item in COMPARISONS if arguments.only.lower() in item.title.lower()]
    if not comparisons:
        sys.exit(f"No title has {arguments.only!r} in it.")
    rounds = arguments.rounds
    with tempfile.TemporaryDirectory() as nowhere:
        # What is not all of it must not take the place of the last full results.
        partly = arguments.smoke or arguments.only
        output = arguments.output or (Path(nowhere) if partly else Path(__file__).parent)
        output.mkdir(parents=True, exist_ok=True)
        if arguments.smoke:
            comparisons, rounds = list(smoke_test(comparisons)), 1
        start = time.monotonic()
        outcomes = list(run(comparisons, rounds, arguments.capture, _show))
        (output / "results.json").write_text(as_json(outcomes, rounds))
        (output / "results.svg").write_text(as_svg(outcomes))
    print(as_table(outcomes))
    facts = ", ".join(f"{name} {value}" for name, value in environment().items())
    print(f"\n{rounds} rounds in {time.monotonic() - start:.0f} s; {facts}")


_main()
