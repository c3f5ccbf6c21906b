"""The results as a table for people and as JSON for programs."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version

from .runner import Outcome, Spread

__all__ = ["as_json", "as_table", "environment"]

_HEADINGS = ("load", "what", "costs", "against", "costs", "ratio", "min..max", "target", "")


@dataclass(frozen=True)
class _Row:
    """A line of the table: a ratio, or the cost of something by itself."""

    load: str
    of: str
    cost: str
    to: str
    other_cost: str
    spread: Spread
    target: float | None

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        return "ok" if self.spread.median <= self.target else "MISSED"

    @property
    def cells(self) -> tuple[str, ...]:
        spread = self.spread
        return (
            self.load,
            self.of,
            self.cost,
            self.to,
            self.other_cost,
            f"{spread.median:.2f}",
            f"{spread.low:.2f}..{spread.high:.2f}",
            "" if self.target is None else f"{self.target:.2f}",
            self.verdict,
        )


def _rows(outcome: Outcome) -> list[_Row]:
    comparison = outcome.comparison

    def cost(contestant: str) -> str:
        return f"{outcome.cost(contestant).median:.4g} {comparison.unit}"

    if not comparison.ratios:
        (contestant,) = comparison.jobs
        spread = outcome.cost(contestant)
        unit = f"({comparison.unit})"
        return [_Row(comparison.title, contestant, unit, "", "", spread, comparison.target)]
    return [
        _Row(
            comparison.title,
            ratio.of,
            cost(ratio.of),
            ratio.to,
            cost(ratio.to),
            outcome.ratio(ratio),
            ratio.target,
        )
        for ratio in comparison.ratios
    ]


def as_table(outcomes: Sequence[Outcome]) -> str:
    """Return a simple table of reStructuredText."""
    lines = [_HEADINGS, *(row.cells for outcome in outcomes for row in _rows(outcome))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    rule = "  ".join("=" * max(width, 1) for width in widths)
    heading, *body = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
    return "\n".join([rule, heading, rule, *body, rule])


def environment() -> dict[str, str | int | None]:
    """Return what the figures depend on."""
    return {
        "python": platform.python_version(),
        "twisted": version("twisted"),
        "msgspec": version("msgspec"),
        "system": platform.system(),
        "cores": os.cpu_count(),
    }


def as_json(outcomes: Sequence[Outcome], rounds: int) -> str:
    """Return all figures, each round's own included."""
    results = [
        {
            "load": outcome.comparison.title,
            "unit": f"{outcome.comparison.unit} per {outcome.comparison.per}",
            "costs": outcome.costs,
            "ratios": [
                {**asdict(ratio), **asdict(outcome.ratio(ratio))}
                for ratio in outcome.comparison.ratios
            ],
            "target": outcome.comparison.target,
        }
        for outcome in outcomes
    ]
    document = {"environment": environment(), "rounds": rounds, "results": results}
    return json.dumps(document, indent=1) + "\n"
