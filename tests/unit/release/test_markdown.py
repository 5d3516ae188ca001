"""Tables in Markdown, and plain text of it."""

from __future__ import annotations

from vernacular.release.markdown import Table, literal, plain


def test_tables_escape_bars() -> None:
    assert str(Table(["a"], [["x|y\nz"]])) == "| a |\n| --- |\n| x\\|y z |"


def test_plain_text_undoes_markdown() -> None:
    text = "# a *b* [c](d) `e` <f> \\ ~g~ | $h & i! _j_ > k"
    assert plain(f"**{literal(text)}**") == text
    assert plain("### `names`") == "names"
