"""The results as a bar chart, in SVG written by hand."""

from collections.abc import Iterator, Sequence
from html import escape

from .runner import Outcome

__all__ = ["as_svg"]

# Pixels.
_WIDTH, _LABELS, _BARS = 760, 150, 420
_LINE, _TITLE, _GAP = 18, 22, 10

_FONT = "font: 12px sans-serif; fill: #222"
_COLOURS = ("#2166ac", "#b0b7bf")


def as_svg(outcomes: Sequence[Outcome]) -> str:
    """Return a picture: a group of bars per comparison, as long as the costs.

    The first contestant of a comparison is darker.  A line across its bar is
    its target, where that is a cost or a ratio to another's.
    """
    body: list[str] = []
    y = 0
    for outcome in outcomes:
        body += _group(outcome, y)
        y += _TITLE + _LINE * len(outcome.costs) + _GAP
    size = f'width="{_WIDTH}" height="{y}" viewBox="0 0 {_WIDTH} {y}"'
    background = f'<rect width="{_WIDTH}" height="{y}" fill="white"/>'
    start = f'<svg xmlns="http://www.w3.org/2000/svg" {size} style="{_FONT}">'
    return "\n".join([start, background, *body, "</svg>"]) + "\n"


def _group(outcome: Outcome, y: int) -> Iterator[str]:
    comparison = outcome.comparison
    medians = {name: outcome.cost(name).median for name in outcome.costs}
    targets = list(_targets(outcome))
    scale = _BARS / max(*medians.values(), *targets, 1e-9)
    title = f"{comparison.title} ({comparison.unit} per {comparison.per})"
    yield _text(
        4,
        y + 15,
        title.removesuffix(" per measurement)") + (")" if title.endswith("measurement)") else ""),
        "font-weight: bold",
    )
    for number, (name, median) in enumerate(medians.items()):
        top = y + _TITLE + number * _LINE
        width = max(1.0, scale * median)
        colour = _COLOURS[number > 0]
        yield _text(_LABELS - 8, top + 13, name, "text-anchor: end")
        yield f'<rect x="{_LABELS}" y="{top + 2}" width="{width:.1f}" height="14" fill="{colour}"/>'
        yield _text(_LABELS + width + 6, top + 13, f"{median:.3g} {comparison.unit}")
    for target in targets:
        x, top = _LABELS + scale * target, y + _TITLE
        yield f'<path d="M{x:.1f} {top}v{_LINE}" stroke="#d6301d" stroke-width="2"/>'


def _targets(outcome: Outcome) -> Iterator[float]:
    """Yield the targets of the first contestant, in the unit of its cost."""
    if outcome.comparison.target is not None:
        yield outcome.comparison.target
    first = next(iter(outcome.costs))
    for ratio in outcome.comparison.ratios:
        if ratio.target is not None and ratio.of == first:
            yield ratio.target * outcome.cost(ratio.to).median


def _text(x: float, y: float, text: str, style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y}" style="{style}">{escape(text)}</text>'
