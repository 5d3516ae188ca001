"""The page of settings is up to date, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vernacular.explain.keys import all_keys
from vernacular.reference import __main__ as command
from vernacular.reference.markdown import COMMAND
from vernacular.reference.settings_page import FILE, page_text

CHECKOUT = Path(__file__).parents[3]


def test_the_committed_page_is_up_to_date() -> None:
    assert (CHECKOUT / FILE).read_text(encoding="utf-8") == page_text(), f"run `{COMMAND}`"


def test_every_link_leads_somewhere() -> None:
    page = page_text()
    anchors = re.findall(r'<a id="([^"]+)">', page)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= set(anchors)
    assert {section.name_of(key) for section, key in all_keys()} <= set(anchors)
    for link in re.findall(r"\]\(([^)#]+\.md)", page):
        assert (CHECKOUT / FILE).parent.joinpath(link).resolve().is_file(), link


def test_tables_are_whole() -> None:
    rows = [line for line in page_text().splitlines() if line.startswith("| <a id=") or line.startswith("| `")]
    assert len(rows) > 300
    assert all(len(re.findall(r"(?<!\\)\|", line)) in (3, 4) for line in rows)


def test_a_page_out_of_date_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command.main(["--check"]) == 0
    monkeypatch.setattr(command, "CHECKOUT", tmp_path)
    assert command.main(["--check"]) == 1 and not list(tmp_path.iterdir())
    assert command.main([]) == 0 and command.main(["--check"]) == 0
    (tmp_path / FILE).write_text("old")
    assert command.main(["--check"]) == 1
