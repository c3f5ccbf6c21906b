"""Puts generated tables between the markers of a page."""

from collections.abc import Iterable, Mapping, Sequence

__all__ = ["list_table", "with_tables"]


def list_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a list-table."""
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in [header, *rows]:
        for index, cell in enumerate(row):
            lines.append(f"   {'*' if index == 0 else ' '} - {cell}".rstrip())
    return "\n".join(lines)


def with_tables(text: str, tables: Mapping[str, str]) -> str:
    """Return the text of a page with each table between ``.. begin NAME`` and ``.. end NAME``."""
    for name, table in tables.items():
        begin, end = f".. begin {name}\n", f".. end {name}\n"
        before, rest = text.split(begin)
        _, after = rest.split(end)
        text = f"{before}{begin}\n{table}\n\n{end}{after}"
    return text
