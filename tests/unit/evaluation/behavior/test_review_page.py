"""The page of ``vernacular review`` in a real browser: what is ticked there is what comes back as a table."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from vernacular.config.load import load_language
from vernacular.evaluation.behavior.review import HEAD
from vernacular.evaluation.behavior.review_page import review_page
from vernacular.evaluation.behavior.spreadsheet import guarded, read_sheet

CHROMIUM = shutil.which("chromium")
ROWS = [{"test": "one", "what must hold": "a <b>", "first": 'said "so", 1', "second": "two\nlines", "version": "12e4"},
        {"test": "one", "what must hold": "a <b>", "first": "=1+1", "second": "", "version": "12e4"},
        {"test": "two", "what must hold": "c", "first": "</script><script>x", "second": "'kwa", "version": "0a"}]
# Fills the page in, presses the button, and shows what would have been saved.
PRESS = """<script>
URL.createObjectURL = blob => { blob.arrayBuffer().then(data => {
  const text = new TextDecoder("utf-8", {ignoreBOM: true}).decode(data);
  document.body.replaceChildren(Object.assign(document.createElement("pre"), {textContent: JSON.stringify(text)})) });
  return "#" };
HTMLAnchorElement.prototype.click = () => {};
document.querySelectorAll("input[value=yes]").forEach((box, at) => { if (at != 1) box.checked = true });
document.querySelectorAll("input[value=no]")[1].checked = true;
document.querySelectorAll("input[type=text]")[1].value = "-odd";
document.querySelector("button").click();
</script></body>"""


def test_everything_from_outside_is_escaped(language_folder: Path) -> None:
    page = review_page(load_language(language_folder), HEAD, ROWS)
    assert page.count("<script>") == page.count("</script>") == 1
    assert "<b>" not in page
    assert "http" not in page.replace("http-equiv", "")  # loads nothing


def test_each_case_is_below_what_must_hold_of_it(language_folder: Path) -> None:
    rows = [{**ROWS[0], "what must hold": f"O for {word}", "first": word} for word in ("galu", "mbuzi")]
    page = review_page(load_language(language_folder), HEAD, rows)
    assert page.count("<h2>one</h2>") == 1
    assert [page.index(phrase) for phrase in (">O for galu<", ">galu<", ">O for mbuzi<", ">mbuzi<")] == sorted(
        page.index(phrase) for phrase in (">O for galu<", ">galu<", ">O for mbuzi<", ">mbuzi<"))


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_the_saved_table_is_read(language_folder: Path, tmp_path: Path) -> None:
    assert CHROMIUM is not None
    page = tmp_path / "review.html"
    page.write_text(review_page(load_language(language_folder), HEAD, ROWS).replace("</body>", PRESS),
                    encoding="utf-8")
    dom = subprocess.run([CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom",
                          "--virtual-time-budget=4000", f"--user-data-dir={tmp_path / 'profile'}", page.as_uri()],
                         capture_output=True, text=True, check=True, timeout=60).stdout
    found = re.search(r"<pre>(.*?)</pre>", dom, re.DOTALL)
    assert found is not None, dom[-2000:]
    table = tmp_path / "review.csv"
    table.write_text(json.loads(html.unescape(found[1])), encoding="utf-8", newline="")
    assert table.read_bytes().startswith(b"\xef\xbb\xbftest,")
    assert guarded("=1+1") in table.read_text(encoding="utf-8")
    rows = [row for _, row in read_sheet(table, HEAD)]
    assert [row["good"] for row in rows] == ["yes", "no", "yes"]
    assert rows[1]["remark"] == "-odd"
    assert [{key: value for key, value in row.items() if key not in ("good", "remark")} for row in rows] == ROWS
