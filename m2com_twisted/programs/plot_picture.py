"""The picture of a plot."""

from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from .plot_data import Mark, MarkKind, Series

__all__ = ["draw"]

# Largest number of points in a line: twice the width of a picture.  If there are more, the
# lowest and the highest point at each place are drawn.
_POINTS = 4000

# Largest number of lines in one part of the picture that are named beside it.
_NAMED = 14

# Largest number of lines in one part with the usual colours and the usual font size.
_USUAL = 8

# A line has a gap if no value came for this number of usual intervals, and for 2 s.
_GAP = 5.0
_SHORTEST_GAP = 2.0

# Width of an inclined label, in points and as a part of the picture.
_LABEL_POINTS = 14
_LABEL_WIDTH = 0.021

# Number of close marks that are named.  The other ones are counted.
_NAMED_TOGETHER = 3

# Colour and style of a mark by its kind.  The most important kind is the first.
_LOOKS: dict[MarkKind, tuple[str, str]] = {
    "fault": ("#c1121f", "-"),
    "warning": ("#e08e00", "-"),
    "reserved": ("#7b2d8e", "-"),
    "mode": ("#1d5fa8", "--"),
    "link": ("#6b6b6b", ":"),
}

# Formats of the ticks of the time axis, for steps of years, months, days, hours, minutes, seconds.
# The formats of matplotlib would show the seconds without hour and minute.
_TICKS = ["%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M", "%H:%M:%S.%f"]

# Formats of the ticks at the first month, the first day, midnight, and so on.
_FIRST_TICKS = ["", "%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M:%S"]

# Formats of the text at the end of the axis.
_DATES = ["", "", "", "%Y-%m-%d", "%Y-%m-%d", "%Y-%m-%d"]

# Space above the highest and below the lowest value of an enumeration.
_NAMES_MARGIN = 0.4


def draw(series: list[Series], marks: list[Mark], end: float, title: str, path: Path) -> None:
    """Draw values over time, with one part of the picture for each unit, and save the picture.

    Parameters
    ----------
    series
        The values.
    marks
        Events in this time.  They are drawn in all parts, and named above the first part.
    end
        End of the time, in seconds since 1970 UTC.
    title
        Title of the picture.
    path
        The file.  Its suffix decides the format.
    """
    # A "$" in the name of a recording must not begin a formula.
    with rc_context({"text.parse_math": False}):
        figure = _figure(series, marks, end, title)
        # Without the date of the drawing, the same recording gives the same file.
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _figure(series: list[Series], marks: list[Mark], end: float, title: str) -> Figure:
    parts = _parts(series)
    figure = Figure(figsize=(11, 1.2 + 2.6 * len(parts)), dpi=130, layout="constrained")
    axes = figure.subplots(len(parts), 1, sharex=True, squeeze=False)[:, 0]
    start = min(one.times[0] for one in series)
    shown = [mark for mark in marks if start <= mark.time <= end]
    for part, ax in zip(parts, axes, strict=True):
        _draw_part(ax, part, end)
        for mark in shown:
            colour, style = _LOOKS[mark.kind]
            ax.axvline(_date(mark.time), color=colour, linestyle=style, linewidth=0.9, zorder=1)
    axes[0].set_xlim(_date(start), _date(max(end, start + 1e-3)))
    _name_marks(axes[0], shown, start, end)
    locator = AutoDateLocator(tz=timezone.utc)
    axes[-1].xaxis.set_major_locator(locator)
    axes[-1].xaxis.set_major_formatter(
        ConciseDateFormatter(locator, timezone.utc, _TICKS, _DATES, _FIRST_TICKS)
    )
    axes[-1].set_xlabel("UTC")
    # Bytes that are not text are shown as a question mark.
    figure.suptitle(title.encode(errors="replace").decode(), fontsize=11)
    return figure


def _parts(series: list[Series]) -> list[list[Series]]:
    """Return the series grouped by their units.  Each enumeration is its own group."""
    parts: dict[str, list[Series]] = {}
    for one in series:
        parts.setdefault(one.field if one.names else one.unit, []).append(one)
    return list(parts.values())


def _draw_part(ax: Axes, part: list[Series], end: float) -> None:
    if len(part) > _USUAL:
        ax.set_prop_cycle(color=colormaps["tab20"](range(20)))
    for one in part:
        times, values = _points(one, end)
        style = "steps-post" if one.is_event else "default"
        dates = [_date(time) for time in times]
        ax.plot(dates, values, drawstyle=style, linewidth=1.1, label=one.label, zorder=2)  # type: ignore[arg-type]  # its stubs know no datetimes
    ax.grid(color="#dddddd", linewidth=0.6)
    ax.spines[["top", "right"]].set_visible(False)
    ax.margins(y=0.08)
    ax.ticklabel_format(axis="y", useOffset=False)
    names = part[0].names
    if names:
        ax.set_yticks(list(names), list(names.values()))
        values = [*names, *(value for one in part for value in one.values)]
        ax.set_ylim(min(values) - _NAMES_MARGIN, max(values) + _NAMES_MARGIN)
    unit = f" ({part[0].unit})" if part[0].unit else ""
    if len(part) == 1:
        ax.set_ylabel(f"{part[0].label}{unit}")
    elif len(part) <= _NAMED:
        ax.set_ylabel(part[0].unit)
        ax.legend(
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
            frameon=False,
            fontsize="medium" if len(part) <= _USUAL else "small",
            labelspacing=0.5 if len(part) <= _USUAL else 0.15,
        )
    else:
        # The colours repeat, so a legend would be useless.
        ax.set_ylabel(f"{part[0].label}\nto {part[-1].label}{unit}")


def _points(one: Series, end: float) -> tuple[list[float], list[float]]:
    """Return the points that are drawn of a series."""
    times, values = np.asarray(one.times), np.asarray(one.values)
    if one.is_event:
        # The last value is valid until the end.
        return [*one.times, max(end, one.times[-1])], [*one.values, one.values[-1]]
    if len(times) > _POINTS:
        chosen = _extremes(values)
        times, values = times[chosen], values[chosen]
    gaps = np.diff(times)
    if len(gaps):
        longest = max(_SHORTEST_GAP, _GAP * float(np.median(gaps)))
        places = np.nonzero(gaps > longest)[0] + 1
        times = np.insert(times, places, times[places])
        values = np.insert(values, places, np.nan)
    return times.tolist(), values.tolist()


def _extremes(values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> list[int]:
    """Return the indices of the lowest and the highest value of each piece."""
    pieces = np.array_split(np.arange(len(values)), _POINTS // 2)
    # NaN must not hide the numbers near it.
    low, high = np.nan_to_num(values, nan=np.inf), np.nan_to_num(values, nan=-np.inf)
    found = {int(piece[low[piece].argmin()]) for piece in pieces}
    found |= {int(piece[high[piece].argmax()]) for piece in pieces}
    return sorted(found)


def _name_marks(ax: Axes, marks: list[Mark], start: float, end: float) -> None:
    """Write the names of the marks above the picture.  Names of close marks are grouped."""
    groups: list[list[Mark]] = []
    for mark in marks:
        texts = min(len(groups[-1]), _NAMED_TOGETHER + 1) if groups else 0
        width = texts * _LABEL_WIDTH * (end - start)
        if groups and mark.time < groups[-1][0].time + width:
            groups[-1].append(mark)
        else:
            groups.append([mark])
    for group in groups:
        _name_group(ax, group)


def _name_group(ax: Axes, group: list[Mark]) -> None:
    place = _date(group[0].time), 1.0
    named = sorted(group, key=lambda mark: list(_LOOKS).index(mark.kind))
    texts = [(mark.label, _LOOKS[mark.kind][0]) for mark in named[:_NAMED_TOGETHER]]
    if len(named) > _NAMED_TOGETHER:
        texts.append((f"and {len(named) - _NAMED_TOGETHER} more", _LOOKS["link"][0]))
    for number, (text, colour) in enumerate(texts):
        ax.annotate(
            text,
            place,
            xycoords=("data", "axes fraction"),
            xytext=(_LABEL_POINTS * number, 4),
            textcoords="offset points",
            rotation=40,
            fontsize=7.5,
            color=colour,
        )


def _date(time: float) -> datetime:
    return datetime.fromtimestamp(time, timezone.utc)
