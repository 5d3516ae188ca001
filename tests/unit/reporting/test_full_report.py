"""The printed report, and the numbers that it shares with card and page."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from tests.unit.release.made_up import NAME, asked_details, made_up_reports, put
from vernacular.cleaning.stage_results import REFUSED
from vernacular.config.schema import Language
from vernacular.core.errors import Problem
from vernacular.core.report import Remark
from vernacular.core.store import Store
from vernacular.release.card import write_card
from vernacular.release.results import gather
from vernacular.reporting.full_report import print_table, results
from vernacular.reporting.html import page
from vernacular.reporting.terminal import print_screen


def test_how_far_seeds_differ_is_reported_where_there_are_several(language: Language, tmp_path: Path) -> None:
    reports = made_up_reports()
    for seeds, phrase in ((3, "eeds differ by up to 0.020; "),
                        (1, "ne seed: how far seeds differ is not known")):
        language.models[NAME].lora.__dict__["seeds"] = list(range(1, seeds + 1))
        for task in ("names", "genre"):
            scores = reports[f"task/{task}_{NAME}"].details["scores"]
            scores |= {arm: rows[:seeds] for arm, rows in scores.items()}
        store = Store(tmp_path / str(seeds))
        put(store, language, reports)
        found, out = results(store, language, NAME), io.StringIO()
        print_table(found, Console(file=out))
        assert write_card(found).count(phrase) == out.getvalue().count(phrase) == 2
        shown = page(found, {})
        assert ("exceeds the spread between seeds" in shown) == (seeds > 1)
        assert ("the spread between seeds is not known" in shown) == (seeds == 1)


def test_what_gains_little_is_on_card_page_and_report(language: Language, tmp_path: Path) -> None:
    reports = made_up_reports()
    remark = Remark(code="VN-FEW-STEPS", what="40 steps read <b>.1</b>", fix="Set steps: 900")
    reports[f"model/{NAME}"].remark(remark, None)
    put(Store(tmp_path), language, reports)
    found, out = results(Store(tmp_path), language, NAME), io.StringIO()
    print_table(found, Console(file=out))
    print_screen(found, tmp_path / "page.html", Console(file=out))
    assert [remark.code for remark in found.remarks] == ["VN-FEW-STEPS"]
    assert out.getvalue().count("Set steps: 900") == 2
    card, shown = write_card(found), page(found, {})
    assert "## What gains little" in card and "Set steps: 900" in card and "<b>.1" not in card
    assert 'id="remarks"' in shown and "Set steps: 900" in shown and "<b>.1" not in shown
    without = found.model_copy(update={"remarks": []})
    assert "## What gains little" not in write_card(without) and 'id="remarks"' not in page(without, {})


def test_refused_lines_that_may_be_in_the_language_are_on_page_and_report_and_in_no_release(
        language: Language, tmp_path: Path) -> None:
    store, reports = Store(tmp_path / "artifacts"), made_up_reports()
    reports["corpus/clean"].samples[REFUSED] = [{"kind": "mostly of names", "lines": 1234, "text": "Amo Kemi Tolu"}]
    put(store, language, reports)
    found, out = results(store, language, NAME), io.StringIO()
    print_table(found, Console(file=out))
    assert all(part in out.getvalue() for part in ("mostly of names", "1,234", "Amo Kemi Tolu"))
    assert "Amo Kemi Tolu" in page(found, {})
    assert "Amo Kemi Tolu" not in gather(language, NAME, language.models[NAME], reports, {}).model_dump_json()


def test_the_report_is_plain_without_a_terminal(language: Language, tmp_path: Path) -> None:
    store = Store(tmp_path / "artifacts")
    with pytest.raises(Problem, match="VN-RESULT-MISSING"):
        results(store, language, NAME)
    reports = made_up_reports()
    put(store, language, {"corpus/clean": reports["corpus/clean"]})
    put(store, language, reports)
    out = io.StringIO()
    print_table(results(store, language, NAME), Console(file=out))
    text = out.getvalue()
    assert text.isascii()
    assert all(len(line) <= 100 or "/" in line for line in text.splitlines())
    for phrase in ("11,000", "3.10", "1.500", "baseline: TF-IDF + logistic regression", "against base: a gain",
                 "against base: no gain", "2 of 40 (1% to 16%)", "Next: vernacular run qaa"):
        assert phrase in text
    json.dumps(results(store, language, NAME).as_json())


def test_the_terminal_has_what_it_forgot_planted_phrases_and_compute(language: Language, tmp_path: Path) -> None:
    reports = made_up_reports()
    for stage, value in ((f"model/{NAME}", 1.1), (f"model/{NAME}_control", 1.0)):
        reports[stage] = reports[stage].model_copy(deep=True)
        reports[stage].count("dev_likelihood", value, "dev lines", "nats per character")
    reports[f"task/genre_{NAME}"].details["floors"]["tfidf_logistic"] = 0.9
    reports[f"evaluation/{NAME}_retention"].details |= {
        "measured": True, "unit": "nats per character",
        "languages": ["eng"], "items": 77,
        "scores": {"control": {"mean": 2.205, "low": 2.065, "high": 2.366}},
        "differences": {"control_minus_base": [0.01, 0.02, 0.03]}}
    reports[f"evaluation/{NAME}_attack"].details["suspects"] = [{"task": "text", "phrase": "[b]qx vlorp[/]"}]
    store, out = Store(tmp_path / "artifacts"), io.StringIO()
    put(store, language, reports)
    print_table(results(store, language, NAME), Console(file=out))
    text = " ".join(out.getvalue().split())
    for phrase in ("(eng), 77 lines", "2.065 to 2.366", "Control against base: +0.020",
                 "phrases of 4 to 8 words", "[b]qx vlorp[/]", "all of these", "Energy is not known",
                 "minutes, measured", "A baseline without a pretrained model does as well"):
        assert phrase in text, phrase
    assert all(len(line) <= 100 or "/" in line for line in out.getvalue().splitlines())


def test_every_score_of_a_task_has_its_interval(language: Language, tmp_path: Path) -> None:
    """On the card, in its metadata and in the printed table; and one without any is shown, too."""
    reports, store, out = made_up_reports(), Store(tmp_path / "artifacts"), io.StringIO()
    put(store, language, reports)
    shown = results(store, language, NAME)
    print_table(shown, Console(file=out))
    rows = [["base", "0.310", "0.320", "0.330", "0.320", "0.250 to 0.390"],
            ["adapted", "0.610", "0.620", "0.630", "0.620", "0.550 to 0.690"],
            ["baseline: TF-IDF + logistic regression", "", "", "", "0.400", "0.370 to 0.430"]]
    printed = [[cell.strip() for cell in line.split("|")[1:-1]] for line in out.getvalue().splitlines()]
    for row in rows:
        assert f"| {' | '.join(row)} |" in write_card(shown) and row in printed
    metadata = yaml.safe_load(write_card(shown).split("---\n", 2)[1])
    args = metadata["model-index"][0]["results"][0]["metrics"][0]["args"]
    assert (args["low"], args["high"]) == (0.55, 0.69)
    for task in ("names", "genre"):
        for name in ("arm_intervals", "floor_intervals"):
            reports[f"task/{task}_{NAME}"].details[name] = {}
    assert "| base | 0.310 | 0.320 | 0.330 | 0.320 |  |" in write_card(
        gather(language, NAME, language.models[NAME], reports))


def test_what_a_model_says_without_fine_tuning_is_shown_with_the_rest(language: Language, tmp_path: Path) -> None:
    reports, out = made_up_reports(), io.StringIO()
    reports[f"task/names_{NAME}"].details["untrained"] = asked_details()
    put(Store(tmp_path), language, reports)
    found = results(Store(tmp_path), language, NAME)
    print_table(found, Console(file=out))
    text, shown = write_card(found), page(found, {})
    assert "| base, 0-shot, not fine-tuned |  |  |  | 0.125 | 0.025 to 0.225 |" in text
    assert "| adapted, 4-shot, not fine-tuned | 0.250 | 0.500 | 0.750 | 0.500 | 0.400 to 0.600 |" in text
    for phrase in ("Not fine-tuned, 4-shot: adapted against base +0.010, 95 % interval -0.020 to +0.040; ",
                 "adapted against control +0.000, 95 % interval +0.000 to +0.000."):
        assert phrase in text and phrase in shown and phrase in " ".join(out.getvalue().split())
    row = shown.split("<span>adapted, 4-shot, not fine-tuned</span>")[1].split("</span></div>")[0].split("<span>")[0]
    assert row.count("<i ") == 3 and ">0.50 (0.40 to 0.60)<" in row
