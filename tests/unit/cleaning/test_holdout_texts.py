"""What models are judged by: every format of labelled data is read, and what cannot be read is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from vernacular.cleaning.holdout_texts import held_out_items, texts_of, versions
from vernacular.config.load import load_language
from vernacular.core.errors import Problem
from vernacular.core.files import File

SHARED = Path(__file__).parents[4] / "shared/data"
CONLL = "-DOCSTART- O\n\nKoma O\nmkulu O\nLilongwe B-LOC\n\nAnthu\tO\nonse\tO\n.\tO\n"
CONLLU = """# sent_id = 1
# text = Hann segði, at bilurin er her.
1\tHann\t_\tPRON\t_\t_\t0\troot\t_\t_

1-2\tdu\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No
1\tde\t_\tADP\t_\t_\t2\tcase\t_\t_
2\tle\t_\tDET\t_\t_\t0\troot\t_\t_
3\t,\t_\tPUNCT\t_\t_\t2\tpunct\t_\t_
3.1\tnull\t_\t_\t_\t_\t_\t_\t_\t_
4\tbil\t_\tNOUN\t_\t_\t2\tnmod\t_\t_
"""


def read(tmp_path: Path, name: str, text: str) -> list[str]:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return list(texts_of(File.at(path, f"qaa/tasks/{name}")))


def test_every_format(tmp_path: Path) -> None:
    rows = [{"text": "one two", "more": {"question": "q"}, "label": 1}, {"tokens": ["a", "b", "."]}]
    found = ["one two", "q", "a b .", "a", "b", "."]
    assert read(tmp_path, "a.jsonl", "\n".join(map(json.dumps, rows)) + "\n\n") == found
    assert read(tmp_path, "a.json", json.dumps(rows)) == found
    assert read(tmp_path, "a.csv", 'text,x\n"one, ""two""\nthree",y\n') == ["text", "x", 'one, "two"\nthree', "y"]
    assert "one two" in read(tmp_path, "a.tsv", "x\tone two\n")
    assert 'he said "no' in read(tmp_path, "b.tsv", 'x\the said "no\nb\tc\n')
    assert "c" in read(tmp_path, "b.tsv", 'x\t"no\nb\tc\n')
    assert read(tmp_path, "a.conll", CONLL) == ["Koma mkulu Lilongwe", "Anthu onse ."]
    assert read(tmp_path, "a.conllu", CONLLU) == ["Hann segði, at bilurin er her.", "Hann", "du, bil"]
    assert read(tmp_path, "a.txt", CONLL.replace("-DOCSTART- O\n\n", "")) == ["Koma mkulu Lilongwe", "Anthu onse ."]
    assert read(tmp_path, "b.txt", "A line of text.\nAnother O\n") == ["A line of text.", "Another O", ""]


@pytest.mark.parametrize(("name", "content", "message"), [
    ("a.docx", b"PK", "VN-DATA-FORMAT"), ("a", b"x", "VN-DATA-FORMAT"),
    ("a.csv", b"\xff\xfe", "VN-DATA-ENCODING"),
    ("a.jsonl", b'{"a": 1}\n{"a"', "line 2.*VN-DATA-FORMAT")])
def test_what_cannot_be_read_is_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Problem, match=message) as raised:
        list(texts_of(File.at(tmp_path / name, f"qaa/tasks/{name}")))
    assert name in raised.value.where


def test_items_of_a_folder(language_folder: Path) -> None:
    language = load_language(language_folder)
    assert held_out_items(language, language_folder) == [] and versions(language, language_folder) == {}
    tasks = language_folder / "tasks" / "news"
    tasks.mkdir(parents=True)
    (tasks / "test.csv").write_text('text,label\n"Ine ndi mwana. Iwe ndiwe mwana wanga wabwino kwambiri!",other\n',
                                    encoding="utf-8")
    (tasks / "README.md").write_text("These are the tests of our task.", encoding="utf-8")
    (language_folder / "behaviour").mkdir()
    (language_folder / "behaviour" / "a.yaml").write_text(yaml.safe_dump({
        "lexicons": {"person": ["Maria", "Petro"], "found": {"from": "text"}},
        "tests": [{"name": "named", "capability": "names", "type": "minimum", "task": "names", "author": "x",
                   "templates": ["{person} ndi {person} ali bwino", "dzina la mwana wanga ndi {found} lero"],
                   "expect": {"label": "NAME"}}]}), encoding="utf-8")
    before = versions(language, language_folder)
    assert held_out_items(language, language_folder) == [
        ("tasks/news/test.csv", "Ine ndi mwana. Iwe ndiwe mwana wanga wabwino kwambiri!"),
        ("tasks/news/test.csv", "Iwe ndiwe mwana wanga wabwino kwambiri!"),
        ("behaviour/named", "Maria ndi Maria ali bwino"), ("behaviour/named", "Maria ndi Petro ali bwino"),
        ("behaviour/named", "Petro ndi Maria ali bwino"), ("behaviour/named", "Petro ndi Petro ali bwino"),
        ("behaviour/named", "dzina la mwana wanga ndi")]
    (tasks / "test.csv").write_text("text\nother\n", encoding="utf-8")
    assert set(before) == {"benchmarks", "behaviour"}
    path = language_folder / "behaviour" / "a.yaml"
    review = "author: x\n  reviewed: {by: y, on: 2026-01-31}"
    path.write_text(path.read_text(encoding="utf-8").replace("author: x", review), encoding="utf-8")
    assert versions(language, language_folder)["behaviour"] == before["behaviour"]
    path.write_text(path.read_text(encoding="utf-8").replace("Petro", "Yohane"), encoding="utf-8")
    assert versions(language, language_folder)["behaviour"] != before["behaviour"]
    assert versions(language, language_folder)["benchmarks"] != before["benchmarks"]


@pytest.mark.parametrize(("path", "number"), [
    ("nya/ner2/test.txt", 1700), ("lug/masakhanews/test.tsv", 200), ("nya/sib200/test.tsv", 200),
    ("fao/ud/fo_farpahc-ud-test.conllu", 280)])
def test_real_benchmarks(path: str, number: int) -> None:
    if not (SHARED / path).is_file():
        pytest.skip("../shared/data is not there")
    assert len({item for item in texts_of(File.at(SHARED / path)) if len(item.split()) > 2}) >= number
