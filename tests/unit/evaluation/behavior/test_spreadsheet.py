"""Tables for speakers: out, through a spreadsheet, and in again; suggestions taken over, reviews written down."""

from __future__ import annotations

import csv
import io
import random
from datetime import date
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.tiny import write_bert, write_llama
from tests.unit.behavior_tests.suites import with_tests
from tests.unit.release.made_up import put
from vernacular.behavior_tests.load import load_suite
from vernacular.behavior_tests.schema import BehaviourTest
from vernacular.core.errors import Problem
from vernacular.core.report import Report
from vernacular.core.store import Store
from vernacular.evaluation.behavior.review import HEAD, claim, read_review, write_review
from vernacular.evaluation.behavior.slot_filling import likely_words, pieces_of
from vernacular.evaluation.behavior.spreadsheet import guarded, is_ticked, plain, read_sheet, sheet_text, write_sheet
from vernacular.evaluation.behavior.suggest import read_suggestions, suggestions
from vernacular.evaluation.fairness.plan import load_plan
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.provenance.corpus_tables import write_rows

SUITE = """# written by hand
lexicons:
  animals: [galu]   # dogs
  places: []
tests:
  - name: asleep
    capability: vocabulary
    type: minimum
    task: names
    author: me
    templates: ["{animals} ali {places}", "lero {animals} ali bwino"]
    expect: {label: O}
"""
CELL = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)


@given(cells=st.lists(CELL, min_size=3, max_size=3))
def test_cells_survive_and_none_is_a_formula(cells: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    cells = [cell.strip() for cell in cells]
    path = tmp_path_factory.mktemp("sheet") / "a.csv"
    write_sheet(path, ["a", "b", "c"], [dict(zip("abc", cells, strict=True)), {"a": "end"}])
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = [row for _, row in read_sheet(path, ["a", "b", "c"])]
    assert rows[0] == dict(zip("abc", cells, strict=True)) or not any(cells)
    for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


def test_guards_come_off_again() -> None:
    for cell in ("=1+1", "'=1", "''", "'kwa", "-", "@a", "a=b", ""):
        assert plain(guarded(cell)) == cell


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_what_spreadsheets_make_of_a_table_is_read(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\ufeff" + f"b{mark}a{mark}more\r\n\"x, y; z\"{mark}1{mark}\r\n{mark}{mark}\r\n", encoding="utf-8")
    assert read_sheet(path, ["a", "b"]) == [(2, {"b": "x, y; z", "a": "1", "more": ""})]
    path.write_text(f"b{mark}a{mark}more\r\nx\r\n", encoding="utf-8")  # without the empty cells at the end
    assert read_sheet(path, ["a", "b"]) == [(2, {"b": "x", "a": "", "more": ""})]


def test_tables_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with pytest.raises(Problem, match="VN-DATA-MISSING"):
        read_sheet(path, ["a"])
    path.write_bytes("naïve".encode("latin-1"))
    with pytest.raises(Problem, match="VN-DATA-ENCODING"):
        read_sheet(path, ["a"])
    path.write_text("b\n1\n")
    with pytest.raises(Problem, match=r"a.csv:1.*VN-DATA-COLUMN"):
        read_sheet(path, ["a"])
    with pytest.raises(Problem, match="VN-CONFIG-FILE"):
        write_sheet(path, ["a"], [])
    with pytest.raises(Problem, match="VN-DATA-LIMIT"):
        read_sheet(Path("/dev/zero"), ["a"])


def test_yes_and_no() -> None:
    assert [is_ticked(cell, "a") for cell in ("x", " X ", "✓", "ｙｅｓ", "", "no", "-")] == [True] * 4 + [False] * 3
    with pytest.raises(Problem, match="VN-DATA-LABEL"):
        is_ticked("perhaps", "a")


def test_suggestions_are_asked_for_every_slot_and_skip_known_words(language_folder: Path) -> None:
    suite = load_suite(with_tests(language_folder, one=SUITE))
    asked = []

    def likely(sentence: tuple[str, str]) -> list[tuple[str, float]]:
        asked.append(sentence)
        return [("galu", 0.5), ("mbuzi", 0.25), ("nkhuku", 0.1)]

    rows = suggestions(suite, suite.tests[0], likely, random.Random(1), 2)
    assert asked == [("", " ali "), ("galu ali ", ""), ("lero ", " ali bwino")]
    assert [(row["list"], row["suggestion"]) for row in rows[:4]] == [
        ("animals", "mbuzi"), ("animals", "nkhuku"), ("places", "galu"), ("places", "mbuzi")]
    assert rows[2]["sentence"] == "galu ali ___"


def test_accepted_words_are_taken_over_and_comments_stay(language_folder: Path, tmp_path: Path) -> None:
    language = with_tests(language_folder, one=SUITE)
    head = ("list", "sentence", "suggestion", "probability", "accept")
    rows = [("animals", "mbuzi", "x"), ("animals", "galu", "x"), ("places", "=kumudzi", "yes"), ("places", "pano", ""),
            ("animals", "mbuzi", "1")]
    path = tmp_path / "asleep.csv"
    write_sheet(path, head, [{"list": name, "suggestion": word, "accept": tick} for name, word, tick in rows])
    assert read_suggestions(language, path) == {"animals": ["mbuzi"], "places": ["=kumudzi"]}
    assert (language_folder / "behaviour" / "one.yaml").read_text(encoding="utf-8") == SUITE.replace(
        "[galu]", "[galu, mbuzi]").replace("[]", '["=kumudzi"]')
    assert read_suggestions(language, path) == {}  # a second time nothing is new
    path.write_text(path.read_text(encoding="utf-8").replace("places", "plces"), encoding="utf-8")
    with pytest.raises(Problem, match=r"asleep.csv:4: .*VN-DATA-LABEL"):
        read_suggestions(language, path)


@pytest.mark.parametrize("objective", ["masked", "causal"])
def test_words_of_a_model_are_whole(tmp_path: Path, objective: str) -> None:
    (write_bert if objective == "masked" else write_llama)(tmp_path)
    model, tokenizer = load_model(tmp_path, objective), load_tokenizer(tmp_path)
    pieces = pieces_of(tokenizer, model.get_output_embeddings().weight.shape[0])
    assert not (pieces.starts & pieces.goes_on).any()
    found = likely_words(model, tokenizer, objective, ("the lazy ", " looks over the river"), 10, pieces)
    assert len(found) == len(dict(found)) == 10
    assert all(word.replace("'", "").isalpha() and 0 < value < 1 for word, value in found)
    assert likely_words(model, tokenizer, objective, ("", " looks over the river"), 3, pieces)


def test_the_likeliest_word_is_found_in_pieces(tmp_path: Path) -> None:
    write_bert(tmp_path)
    model, tokenizer = load_model(tmp_path, "masked"), load_tokenizer(tmp_path)
    wanted = tokenizer("zq", add_special_tokens=False)["input_ids"]
    assert len(wanted) == 2  # z and ##q
    with torch.no_grad():
        model.get_output_embeddings().weight.zero_()
        model.get_output_embeddings().bias[wanted] = 20.0
    pieces = pieces_of(tokenizer, model.get_output_embeddings().weight.shape[0])
    found = dict(likely_words(model, tokenizer, "masked", ("the lazy ", " looks"), 5, pieces))
    assert found["zq"] == pytest.approx(0.25, rel=0.01)  # each of the two has half of the mass at its place
    assert found["z"] == pytest.approx(0.5, rel=0.01)


def reviewed_table(language_folder: Path, tmp_path: Path, answers: list[str]) -> tuple[object, Path]:
    language = with_tests(language_folder, one=SUITE.replace("places: []", "places: [pano, uko]"))
    path = tmp_path / "review.csv"
    assert write_review(Store(tmp_path / "artifacts"), language, [], path, most=3) == len(answers)
    rows = [row | {"good": answer, "remark": "odd" if answer == "no" else ""}
            for (_, row), answer in zip(read_sheet(path, HEAD), answers, strict=True)]
    path.write_text(sheet_text(HEAD, rows), encoding="utf-8", newline="")
    return language, path


def test_a_case_says_which_words_are_asked_about(language_folder: Path, tmp_path: Path) -> None:
    _, path = reviewed_table(language_folder, tmp_path, ["x", "yes", "x"])
    for _, row in read_sheet(path, HEAD):
        words = [word for word in row["first"].split() if word in ("galu", "pano", "uko")]
        assert row["what must hold"] == f"The answer to 'names' is O for {', '.join(words)}"


def test_what_must_hold_is_reported_of_the_words_that_are_judged() -> None:
    common = {"name": "a", "capability": "a", "type": "minimum", "task": "names", "author": "a",
              "expect": {"label": "O"}}
    written = BehaviourTest.model_validate(common | {"templates": ["galu ali pano"]})
    changed = BehaviourTest.model_validate(common | {"change": [{"operator": "numbers"}]})
    for test, filled, whom in ((written, None, ""), (written, (), " for every word"),
                               (written, ("a", "b"), " for a, b"), (changed, None, ""),
                               (changed, (), " for the words that changed")):
        assert claim(test, filled) == f"The answer to 'names' is O{whom}"


def test_a_sentence_that_was_corrected_in_the_table_is_not_the_reviewed_one(language_folder: Path,
                                                                                tmp_path: Path) -> None:
    language, path = reviewed_table(language_folder, tmp_path, ["x", "yes", "x"])
    rows = [row for _, row in read_sheet(path, HEAD)]
    rows[1]["first"] = rows[1]["first"].replace("ali", "aali")
    path.write_text(sheet_text(HEAD, rows), encoding="utf-8", newline="")
    verdict = read_review(language, path, "Kemi Z.", date(2026, 1, 31))[0]  # type: ignore[arg-type]
    assert not verdict.reviewed and "its sentences were changed in the table (“lero galu aali" in verdict.message


def test_a_review_is_written_down(language_folder: Path, tmp_path: Path) -> None:
    language, path = reviewed_table(language_folder, tmp_path, ["x", "yes", "x"])
    verdicts = read_review(language, path, "Kemi Z.", date(2026, 1, 31))  # type: ignore[arg-type]
    assert [(verdict.test, verdict.reviewed) for verdict in verdicts] == [("asleep", True)]
    suite = load_suite(language)  # type: ignore[arg-type]
    assert suite.review_of(suite.tests[0]) == "Kemi Z., 2026-01-31"
    yaml = language_folder / "behaviour" / "one.yaml"
    assert "# dogs" in yaml.read_text(encoding="utf-8")
    yaml.write_text(yaml.read_text(encoding="utf-8").replace("ali bwino", "ali moyo"), encoding="utf-8")
    suite = load_suite(language)  # type: ignore[arg-type]
    assert suite.outdated(suite.tests[0])
    assert not read_review(language, path, "Kemi", date(2026, 2, 1))[0].reviewed  # type: ignore[arg-type]


def test_a_case_called_wrong_takes_an_earlier_review_back(language_folder: Path, tmp_path: Path) -> None:
    language, path = reviewed_table(language_folder, tmp_path, ["x", "x", "x"])
    read_review(language, path, "Kemi", date(2026, 1, 31))  # type: ignore[arg-type]
    rows = [row for _, row in read_sheet(path, HEAD)]
    path.write_text(sheet_text(HEAD, [*rows[:2], rows[2] | {"good": "no"}]), encoding="utf-8", newline="")
    verdict = read_review(language, path, "Amo", date(2026, 2, 1))[0]  # type: ignore[arg-type]
    assert verdict.message.endswith("; the review by Kemi is withdrawn")
    suite = load_suite(language)  # type: ignore[arg-type]
    assert suite.review_of(suite.tests[0]) == "none"


def test_rows_that_were_removed_are_missed(language_folder: Path, tmp_path: Path) -> None:
    language, path = reviewed_table(language_folder, tmp_path, ["x", "x", "no"])
    path.write_text(sheet_text(HEAD, [row for _, row in read_sheet(path, HEAD)][:2]), encoding="utf-8", newline="")
    verdict = read_review(language, path, "Kemi", date(2026, 1, 31))[0]  # type: ignore[arg-type]
    assert (verdict.reviewed, verdict.message) == (False, "1 of 3 cases are missing from the table")


def test_fairness_is_reviewed_like_a_test(language_folder: Path, tmp_path: Path) -> None:
    fairness = ("# by hand\nauthor: me\nlikelihood: true\ncomparisons:\n  - name: two\n    groups: {old: [Amo, Badu], "
                "new: [Kemi]}\n  - name: spelling\n    spellings: {ours: [], theirs: [{operator: replace, pairs: "
                "{au: awu}}]}\n")
    language, store, path = with_tests(language_folder, fairness=fairness), Store(tmp_path), tmp_path / "review.csv"
    with pytest.raises(Problem, match="VN-DATA-EMPTY"):
        write_review(store, language, [], path)
    put(store, language, {"corpus/splits": Report()})
    write_rows(store.home("qaa", "corpus/splits") / ("0" * 16) / "test.parquet", [{"text": "lero Amo wafika pano\nmau "
                                                                                  "ali bwino lero"}])
    assert write_review(store, language, ["fairness.yaml"], path) == 4
    rows = [row for _, row in read_sheet(path, HEAD)]
    assert [(row["first"], row["second"]) for row in rows] == [
        ("Amo, Badu", ""), ("Kemi", ""), ("lero Badu wafika pano", "lero Kemi wafika pano"),
        ("mau ali bwino lero", "mawu ali bwino lero")]
    for good, reviewed in (("no", "none"), ("x", "Kemi Z., 2026-01-31"), ("no", "none")):
        path.write_text(sheet_text(HEAD, [row | {"good": good} for row in rows]), encoding="utf-8", newline="")
        verdict, = read_review(language, path, "Kemi Z.", date(2026, 1, 31))
        plan = load_plan(language)
        assert plan is not None and plan.review_of(load_suite(language)) == reviewed, verdict
    assert (language_folder / "behaviour" / "fairness.yaml").read_text(encoding="utf-8") == fairness.replace(
        "author: me\n", "author: me\nreviewed: none\n")


@pytest.mark.parametrize(("answers", "message"), [
    (["x", "no", "x"], "1 of 3 cases are rejected (“lero galu ali bwino”: odd)"),
    (["x", "", "x"], "1 of 3 cases have no answer")])
def test_a_review_that_is_not_whole_is_none(language_folder: Path, tmp_path: Path, answers: list[str],
                                            message: str) -> None:
    language, path = reviewed_table(language_folder, tmp_path, answers)
    verdict = read_review(language, path, "Kemi", date(2026, 1, 31))[0]  # type: ignore[arg-type]
    assert (verdict.reviewed, verdict.message) == (False, message)
    assert "reviewed" not in (language_folder / "behaviour" / "one.yaml").read_text(encoding="utf-8")


def test_a_review_needs_a_name_and_cases(language_folder: Path, tmp_path: Path) -> None:
    language, path = reviewed_table(language_folder, tmp_path, ["x", "x", "x"])
    with pytest.raises(Problem, match="VN-CONFIG-VALUE"):
        read_review(language, path, " ", date(2026, 1, 31))  # type: ignore[arg-type]
    with pytest.raises(Problem, match=r"review.html.*VN-DATA-FORMAT"):
        read_review(language, path.with_suffix(".html"), "Kemi", date(2026, 1, 31))  # type: ignore[arg-type]
    held_out = SUITE.split("    templates")[0].replace("minimum", "invariance") + "    change: [{operator: quotes}]\n"
    with pytest.raises(Problem, match="VN-DATA-EMPTY"):
        write_review(Store(tmp_path / "artifacts"), with_tests(language_folder, one=held_out), [], tmp_path / "b.csv")
    with pytest.raises(Problem, match=r"b.txt.*VN-DATA-FORMAT"):
        write_review(Store(tmp_path / "artifacts"), with_tests(language_folder, one=SUITE), [], tmp_path / "b.txt")
