"""Tables of Markdown."""

from __future__ import annotations

from vernacular.release.markdown import table


def test_tables_escape_bars() -> None:
    assert table(["a"], [["x|y\nz"]]) == "| a |\n| --- |\n| x\\|y z |"
