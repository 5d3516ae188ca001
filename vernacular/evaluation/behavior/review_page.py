"""The page of ``vernacular review``: a single file for any browser that saves the filled table.

It loads and sends nothing and works offline; answers leave it only in the saved file.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from itertools import groupby

from vernacular.config.schema import Language
from vernacular.evaluation.behavior.whitespace import LEGEND, with_blanks_shown

STYLE = """
:root { color-scheme: light dark; --line: #8886; --quiet: #767676; --bar: #3a7bd5 }
body { font: 17px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 1.5rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem } h2 { font-size: 1.05rem; margin: 2rem 0 .2rem }
p.quiet { color: var(--quiet); margin: .2rem 0 } fieldset { border: 1px solid var(--line); border-radius: 8px;
margin: .8rem 0; padding: .6rem .8rem } p.line { margin: .2rem 0; overflow-wrap: anywhere; white-space: pre-line }
label { margin-right: 1.2rem } input[type=text] { font: inherit; width: 100%; box-sizing: border-box }
button { font: inherit; padding: .5rem 1.4rem; margin: 1rem 0 3rem; border: 0; border-radius: 6px; color: #fff;
background: var(--bar) }
"""
# Writes the table like `spreadsheet.sheet_text`: a byte order mark, quotes where needed, no cell
# that could be a formula.
SCRIPT = """
const cell = text => { text = /^[=+\\-@\\t\\r']/.test(text) ? "'" + text : text;
  return /[",\\n\\r]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text };
document.querySelector("button").addEventListener("click", () => {
  const rows = [HEAD, ...[...document.querySelectorAll("fieldset")].map(box => {
    const chosen = box.querySelector("input[type=radio]:checked");
    const answers = {...box.dataset, good: chosen ? chosen.value : "",
      remark: box.querySelector("input[type=text]").value};
    return HEAD.map(name => answers[name.replaceAll(" ", "_")] ?? "") })];
  const text = "\\ufeff" + rows.map(row => row.map(cell).join(",") + "\\r\\n").join("");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], {type: "text/csv;charset=utf-8"}));
  link.download = FILE; link.click() });
"""


def review_page(language: Language, head: Sequence[str], rows: Sequence[Mapping[str, str]]) -> str:
    """Return the page.

    ``head``: the columns of the table. ``rows``: the cases, grouped by test.
    """
    parts, number = [], 0
    for test, cases in groupby(rows, key=lambda row: row["test"]):
        parts.append(f"<h2>{html.escape(test)}</h2>")
        for statement, alike in groupby(cases, key=lambda row: row["what must hold"]):
            parts.append(f'<p class="quiet">{html.escape(statement)}</p>')
            for row in alike:
                parts.append(_case(row, number, language.code))
                number += 1
    columns = "[" + ", ".join(f'"{name}"' for name in head) + "]"
    script = f'"use strict"; const HEAD = {columns}; const FILE = "review-{language.code}.csv"; {SCRIPT}'
    name = html.escape(language.name)
    return ('<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
            'content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy" '
            "content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">"
            f"<title>{name}: review</title><style>{STYLE}</style></head><body><h1>{name}: are these tests right?</h1>"
            "<p>Each box holds one case of a test. Choose whether what the grey line above says is true of it, and "
            f"write what is wrong where it is not. {LEGEND} Then save the file at the end of the page and send it to "
            f"the person who sent you this page.</p>{''.join(parts)}<button>Save</button><script>{script}</script>"
            "</body></html>")


def _case(row: Mapping[str, str], number: int, code: str) -> str:
    data = "".join(f' data-{name}="{html.escape(row.get(key, ""), quote=True)}"' for name, key in (
        ("test", "test"), ("first", "first"), ("second", "second"), ("version", "version"),
        ("what_must_hold", "what must hold")))
    forms = [with_blanks_shown(row["first"], form) for form in row.get("second", "").split("\n")]
    lines = "".join(f'<p class="line" dir="auto" lang="{html.escape(code, quote=True)}">{html.escape(line)}</p>'
                    for line in (forms[-1][0], *(form for _, form in forms)) if line)
    return (f'<fieldset{data}>{lines}<label><input type="radio" name="c{number}" value="yes"> true</label>'
            f'<label><input type="radio" name="c{number}" value="no"> not true</label>'
            f'<input type="text" aria-label="what is wrong" placeholder="what is wrong"></fieldset>')
