"""What the picture of a plot shows, by the texts in it."""

import re
from pathlib import Path
from typing import get_args

import matplotlib as mpl
import pytest

from m2com_twisted.programs.plot_data import Mark, MarkKind, Series
from m2com_twisted.programs.plot_picture import draw

# 2026-01-31 04:00 UTC.
START = 1_769_832_000.0


def series(label: str, values: list[float], names: dict[int, str] | None = None) -> Series:
    """Return a series with a value each second."""
    one = Series(label, label.partition("[")[0], "N", False, names or {})
    one.times.extend(START + second for second in range(len(values)))
    one.values.extend(values)
    return one


def texts(
    directory: Path, lines: list[Series], marks: list[Mark] | None = None, title: str = "night"
) -> list[str]:
    """Draw a picture of 100 s, and return the texts in it."""
    file = directory / "plot.svg"
    with mpl.rc_context({"svg.fonttype": "none"}):
        draw(lines, marks or [], START + 100, title, file)
    return re.findall(r"<text [^>]*>([^<]*)</text>", file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", get_args(MarkKind))
def test_mark_of_each_kind_is_named(tmp_path: Path, kind: MarkKind) -> None:
    """Each kind of mark is named, also that of a reserved bit."""
    assert "what happened" in texts(
        tmp_path, [series("a.x", [1, 2])], [Mark(START + 50, "what happened", kind)]
    )


def test_marks_all_over_the_time_are_named_all_over_the_picture(tmp_path: Path) -> None:
    """Marks without space for a name are counted beside their neighbours."""
    marks = [Mark(START + second, f"mode {second}", "mode") for second in range(100)]
    shown = texts(tmp_path, [series("a.x", [1, 2])], marks)
    named = [int(text.split()[1]) for text in shown if text.startswith("mode ")]
    assert max(named) > 90
    counted = [int(text.split()[1]) for text in shown if text.endswith(" more")]
    assert len(named) + sum(counted) == 100


def test_time_axis_has_whole_times(tmp_path: Path) -> None:
    """Seconds stand with hour and minute, and the date stands below."""
    shown = texts(tmp_path, [series("a.x", [1, 2])])
    assert "04:00:20" in shown
    assert "04:01:00" in shown
    assert "2026-01-31" in shown


def test_names_of_recordings_are_no_formulas(tmp_path: Path) -> None:
    """The name of a recording may have any characters."""
    assert "nig$ht_{1}$" in texts(tmp_path, [series("a.x", [1])], title="nig$ht_{1}$")
    assert "n?" in texts(tmp_path, [series("a.x", [1])], title="n\udcff")


def test_lines_of_one_enumeration_share_a_part(tmp_path: Path) -> None:
    """Lines of one enumeration share one part of the picture with its names."""
    names = {0: "Idle", 1: "Busy"}
    lines = [series(f"a.x[{index}]", [0, 1], names) for index in range(12)]
    shown = texts(tmp_path, lines)
    assert shown.count("Busy") == 1
    assert {one.label for one in lines} <= set(shown)
