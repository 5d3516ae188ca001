"""Card, statement, gates and the printed report, from made-up reports."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt
from rich.console import Console

from tests.generate import write_language
from tests.unit.release.made_up import NAME, RELOADED, asked_details, edited, made_up_reports, point, put
from vernacular.catalog import stages_of
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core.errors import Problem
from vernacular.core.store import Gate, Remark, Store
from vernacular.modeling.variants import ARMS
from vernacular.pipeline.graph_summary import outline_of
from vernacular.release.card import write_card
from vernacular.release.documents import documents_text
from vernacular.release.export import copy_model
from vernacular.release.gates import release_gates
from vernacular.release.markdown import table
from vernacular.release.result_models import ReleaseResults
from vernacular.release.result_tables import learned_from, score_columns, score_rows
from vernacular.release.results import gather, verdict
from vernacular.release.stages import stages
from vernacular.release.statement import write_statement
from vernacular.reporting.full_report import print_table, results
from vernacular.reporting.html import in_short, page
from vernacular.reporting.status_table import rows_of
from vernacular.reporting.terminal import print_screen


@pytest.mark.parametrize(("interval", "options", "said"), [
    ([0.1, 0.2, 0.3], {}, "gain"), ([-0.1, 0.2, 0.3], {}, "no gain"), ([-0.3, -0.2, -0.1], {}, "harm"),
    ([0.1, 0.2, 0.3], {"spread": 0.25}, "no gain"), ([-0.3, -0.2, -0.1], {"spread": 0.25}, "harm"),
    ([-0.3, -0.2, -0.1], {"lower_is_better": True}, "gain")])
def test_verdicts(interval: list[float], options: dict[str, Any], said: str) -> None:
    assert verdict(interval, **options) == said


def test_gates_name_what_is_red(language: Language, found: ReleaseResults) -> None:
    gates = {gate.name: gate for gate in found.release_gates}
    assert [name for name, gate in gates.items() if not gate.passed] == ["behaviour", "publishable"]
    assert "spaces" in gates["behaviour"].reason
    assert not any(gate.blocking for gate in gates.values())
    nothing = gather(language, NAME, language.models[NAME], {})
    assert len(nothing.missing) == 14
    assert not any(gate.passed for gate in nothing.release_gates if gate.name in (
        "adapted_not_worse_than_control", "released_not_worse_than_base", "no_contamination", "behaviour", "retention",
        "no_planted_phrase", "loads_in_ecosystem", "publishable"))


HARM = [-0.04, -0.03, -0.02]


@pytest.mark.parametrize("bound", [float("nan"), None])
def test_an_interval_that_is_no_number_is_not_measured(language: Language, bound: float | None) -> None:
    results = gather(language, NAME, language.models[NAME], made_up_reports(), reloaded=RELOADED)
    def lose(data: Any) -> None:
        data["tasks"]["genre"]["intervals"]["adapted_minus_base"] = [bound] * 3
        data["likelihood"]["differences"]["adapted_minus_base"] = [bound] * 3

    results = edited(results, lose)
    gate = next(gate for gate in release_gates(results) if gate.name == "released_not_worse_than_base")
    assert not gate.passed and gate.reason == "not measured: likelihood, genre"


def _gate(results: ReleaseResults, name: str) -> Gate:
    return next(gate for gate in results.release_gates if gate.name == name)


@pytest.mark.parametrize(("difference", "gate"), [("adapted_minus_control", "adapted_not_worse_than_control"),
                                                  ("adapted_minus_base", "released_not_worse_than_base")])
def test_a_task_that_got_worse_is_red_though_the_likelihood_got_better(language: Language, difference: str,
                                                                       gate: str) -> None:
    reports = made_up_reports()
    reports[f"task/genre_{NAME}"].details["intervals"][difference] = HARM
    results = gather(language, NAME, language.models[NAME], reports, reloaded=RELOADED)
    assert results.likelihood.verdicts[difference] == "gain"
    found = _gate(results, gate)
    assert not found.passed and "genre (-0.030, 95 % interval -0.040 to -0.020)" in found.reason
    assert gate in _gate(results, "publishable").reason


def test_so_is_a_task_that_is_worse_when_asked_without_fine_tuning(language: Language) -> None:
    reports = made_up_reports()
    scores = {arm: [0.5] for arm in ARMS}
    reports[f"task/names_{NAME}"].details["untrained"] = {"0_shot": {
        "scores": scores, "means": dict.fromkeys(ARMS, 0.5), "arm_intervals": {}, "more_intervals": {},
        "more_differences": {}, "intervals": {"adapted_minus_base": HARM, "adapted_minus_control": [0.0, 0.0, 0.0]}}}
    results = gather(language, NAME, language.models[NAME], reports, reloaded=RELOADED)
    assert "names 0-shot (-0.030" in _gate(results, "released_not_worse_than_base").reason
    assert _gate(results, "adapted_not_worse_than_control").passed


def test_a_task_that_nothing_was_trained_for_shows_a_score_and_no_seed(language: Language) -> None:
    reports = made_up_reports()
    details = reports[f"task/genre_{NAME}"].details
    details |= {"kind": "sentence_retrieval", "metric": "accuracy_at_1", "fine_tuned": False, "train_items": 0,
                "scores": {arm: [{**rows[0], "seed": 0}] for arm, rows in details["scores"].items()}}
    found = gather(language, NAME, language.models[NAME], reports,
                   reloaded={**RELOADED, "genre": RELOADED["genre"].model_copy(update={"seed": None, "alone": False})})
    task = found.tasks["genre"]
    assert score_columns(task) == ["model", "score", "95 % interval"]
    assert all(len(row) == 3 for row in score_rows(task)) and "seed" not in learned_from(task)
    card = write_card(found)
    assert "tasks/genre" not in card and "tasks/names" in card
    head = yaml.safe_load(card.split("---\n", 2)[1])
    scored = {one["task"]["name"]: one["metrics"][0]["args"] for one in head["model-index"][0]["results"]}
    assert "seeds" not in scored["genre"] and "seeds" in scored["names"]
    assert _gate(found, "loads_in_ecosystem").passed


def test_worse_with_fewer_labels_is_said_and_forbids_nothing(language: Language) -> None:
    reports = made_up_reports()
    details = reports[f"task/genre_{NAME}"].details
    few = {**details, "train_items": 8, "dead": [],
           "intervals": {**details["intervals"], "adapted_minus_control": HARM}}
    details["curve"] = [point(few), point(details)]
    found = _gate(gather(language, NAME, language.models[NAME], reports), "adapted_not_worse_than_control")
    assert found.passed and "but with fewer labels it is, on genre of 8 labels (-0.030" in found.reason


def test_a_control_that_is_released_is_compared_with_the_base(language: Language) -> None:
    reports = made_up_reports()
    for stage, value in ((f"model/{NAME}", 1.1), (f"model/{NAME}_control", 1.0)):
        reports[stage] = reports[stage].model_copy(deep=True)
        reports[stage].count("dev_likelihood", value, "dev lines", "nats per character")
    found = _gate(gather(language, NAME, language.models[NAME], reports), "released_not_worse_than_base")
    assert not found.passed and found.reason == "not measured: likelihood, genre, names"
    reports[f"evaluation/{NAME}_likelihood"].details["differences"]["control_minus_base"] = [0.1, 0.2, 0.3]
    for task in ("names", "genre"):
        reports[f"task/{task}_{NAME}"].details["intervals"]["control_minus_base"] = [-0.1, 0.0, 0.1]
    found = _gate(gather(language, NAME, language.models[NAME], reports), "released_not_worse_than_base")
    assert not found.passed and "likelihood (+0.200" in found.reason and "genre" not in found.reason


def test_the_overview_shows_what_the_released_arm_gained(language: Language, tmp_path: Path) -> None:
    reports = made_up_reports()
    reports[f"evaluation/{NAME}_likelihood"].details["differences"]["control_minus_base"] = [0.1, 0.2, 0.3]
    outline = outline_of(language, stages_of(language))
    for control, said in ((1.0, "gain -1.000 (-1.100 to -0.900)"), (0.9, "harm +0.200 (+0.100 to +0.300)")):
        for stage, value in ((f"model/{NAME}", 1.0), (f"model/{NAME}_control", control)):
            reports[stage] = reports[stage].model_copy(deep=True)
            reports[stage].count("dev_likelihood", value, "dev lines", "nats per character")
        store = Store(tmp_path / str(control))
        put(store, language, reports)
        row, = rows_of(outline, store)
        assert row.likelihood == said
        assert bool(row.tasks) == (control == 1.0)  # of the control they were not compared


def test_a_task_that_was_not_run_is_not_taken_for_one_without_harm(language: Language) -> None:
    reports = made_up_reports()
    del reports[f"task/genre_{NAME}"]
    results = gather(language, NAME, language.models[NAME], reports)
    for gate in ("adapted_not_worse_than_control", "released_not_worse_than_base"):
        assert _gate(results, gate).reason == f"not measured: task/genre_{NAME}"


def test_the_card_has_metadata_every_seed_and_says_gains_in_words(found: ReleaseResults) -> None:
    card = write_card(found)
    _, head, body = card.split("---\n", 2)
    metadata = yaml.safe_load(head)
    assert metadata["language"] == ["qaa"]
    assert metadata["license"] == "cc0-1.0"
    assert metadata["model-index"][0]["results"][0]["metrics"][0]["value"] == pytest.approx(0.62)
    for score in ("0.310", "0.320", "0.330", "0.610", "0.620", "0.630"):
        assert score in body
    assert "Adapted against base: **a gain**" in body
    assert "Adapted against base: **no gain**" in body
    assert "This release may not be published." in body
    assert "spaces \\<b\\>\\|\\</b\\>" in body
    assert "| 2 of 40 (1% to 16%) | 2 of 40 (1% to 16%) |" in body
    assert "Not measured." in body.split("## Fairness")[1]
    assert "None" not in card
    assert "nan" not in card


def test_the_card_says_how_it_was_fine_tuned(found: ReleaseResults) -> None:
    card = write_card(found)
    assert "new pieces in its tokenizer, and fine-tuned with LoRA for 2 tasks. **Base**" in card
    found = edited(found, lambda data: data["model"]["lora"].update(method="full"))
    card = write_card(found)
    assert "and fine-tuned whole for 2 tasks. **Base**" in card
    found = edited(found, lambda data: data.update(tasks={}))
    card = write_card(found)
    assert "new pieces in its tokenizer. **Base**" in card and "fine-tuned" not in card.split("**Base**")[0]


def test_how_far_seeds_differ_is_said_where_there_are_several(language: Language, tmp_path: Path) -> None:
    reports = made_up_reports()
    for seeds, said in ((3, "eeds differ by up to 0.020; a smaller gain is called none"),
                        (1, "ne seed: how far seeds differ is not known")):
        language.models[NAME].lora.__dict__["seeds"] = list(range(1, seeds + 1))
        for task in ("names", "genre"):
            scores = reports[f"task/{task}_{NAME}"].details["scores"]
            scores |= {arm: rows[:seeds] for arm, rows in scores.items()}
        store = Store(tmp_path / str(seeds))
        put(store, language, reports)
        found, out = results(store, language, NAME), io.StringIO()
        print_table(found, Console(file=out))
        assert write_card(found).count(said) == out.getvalue().count(said) == 2
        shown = page(found, {})
        assert ("exceeds the spread between seeds" in shown) == (seeds > 1)
        assert ("the spread between seeds is not known" in shown) == (seeds == 1)


def test_what_gains_little_stands_on_card_page_and_report(language: Language, tmp_path: Path) -> None:
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


def test_an_unverified_licence_is_never_called_a_licence(language: Language, found: ReleaseResults) -> None:
    found = edited(found, lambda data: data["sources"][0].update(licence="unverified"))
    metadata = yaml.safe_load(write_card(found).split("---\n", 2)[1])
    assert (metadata["license"], metadata["license_name"]) == ("other", "unverified")


def test_labels_that_may_not_be_sold_and_terms_of_their_own_are_on_the_cards_licence(found: ReleaseResults) -> None:
    labels = {"licence": "CC-BY-NC-4.0", "url": ""}
    sold = edited(found, lambda data: data["tasks"]["names"].update(labelled=labels))
    metadata = yaml.safe_load(write_card(sold).split("---\n", 2)[1])
    assert (metadata["license"], metadata["license_name"]) == ("other", "several: CC-BY-NC-4.0, CC0-1.0")

    def own(data: Any) -> None:
        for text in (*data["sources"], data["model"]["base"]):
            text["licence"] = "LicenseRef-Kaitiakitanga"

    metadata = yaml.safe_load(write_card(edited(found, own)).split("---\n", 2)[1])
    assert (metadata["license"], metadata["license_name"]) == ("other", "LicenseRef-Kaitiakitanga")


@pytest.mark.parametrize(("masked", "said"), [(True, "were masked; names"), (False, "were not masked, nor were names")])
def test_the_card_says_whether_private_data_was_masked(tmp_path: Path, masked: bool, said: str) -> None:
    language = load_language(write_language(tmp_path / "languages", cleaning={"private_data": masked}))
    assert f"phone numbers and the like {said} of people" in write_card(
        gather(language, NAME, language.models[NAME], made_up_reports()))
    stage, = stages(language, NAME, language.models[NAME])
    assert stage.settings_data(language)["language"]["cleaning"] == {"private_data": masked}


def test_the_card_promises_no_planted_phrase_that_the_scan_would_miss(found: ReleaseResults) -> None:
    card = write_card(found)
    assert "that none stands out is no proof" in card and "half a per cent of the text or labels" not in card
    assert "in text one was found, in half a per cent of the lines that a tiny causal model learned" in card
    for said in (card, " ".join(in_short(found))):
        assert "In the text, phrases of 4 to 8 words were looked for, and 1 was tried; shorter ones were not" in said
        assert "In the labels of names, genre, phrases of 1 to 4 words were looked for, and 2 were tried." in said


def test_the_card_says_how_far_mean_states_are_from_the_bases(language: Language, found: ReleaseResults) -> None:
    assert "mean states" not in write_card(found)
    reports = made_up_reports()
    reports[f"model/{NAME}"].count("states_moved", 0.24, "of held-out texts")
    card = write_card(gather(language, NAME, language.models[NAME], reports))
    body = card.split("## What it forgot")[1].split("##")[0]
    assert "mean states of held-out" in body and "are 0.240 from the base's" in body


def test_what_is_told_of_the_identifier_has_intervals(found: ReleaseResults) -> None:
    told: dict[str, Any] = {
        "recall": {"accepted": 90, "lines": 100, "share": 0.9, "low": 0.8, "high": 0.95}, "by_length": [],
        "impostors": {"accepted": 9, "lines": 90, "share": 0.1, "low": 0.05, "high": 0.2}, "contrast": {},
        "counts": {"seed_lines": 300}}
    found = edited(found, lambda data: data.update(identification=told))
    card = write_card(found)
    assert "0.900 (0.800 to 0.950)" in card and "0.100 (0.050 to 0.200). In brackets: 95 % intervals." in card
    assert "precision" not in card
    told["precision"] = {"accepted": 9, "lines": 12, "share": 0.75, "low": 0.5, "high": 0.875}
    found = edited(found, lambda data: data.update(identification=told))
    assert "contrast languages 0.750 (0.500 to 0.875); of lines" in write_card(found)
    told["far"] = {"accepted": 350, "lines": 500, "share": 0.7, "low": 0.65, "high": 0.75, "usual": 300, "shared": 0.1,
                   "by_source": {}}
    found = edited(found, lambda data: data.update(identification=told))
    assert "500 lines of text far from them 0.700 (0.650 to 0.750)" in write_card(found)


def test_tokens_per_word_and_the_floor_of_likelihood_have_intervals(found: ReleaseResults) -> None:
    card = write_card(found)
    assert "base 3.10 (95 % interval over documents 2.90 to 3.30), extended 1.90 (95 % interval over" in card
    found = edited(found, lambda data: data["fertility"].update(intervals=None))
    assert "base 3.10, extended 1.90. No interval: fewer than 20 documents" in write_card(found)
    assert "| floor: a character 5-gram model of the training text | 1.800 | 1.750 to 1.850 |" in card


def test_a_card_of_nothing_says_so(language: Language) -> None:
    card = write_card(gather(language, NAME, language.models[NAME], {}))
    assert card.count("was not run") == 14
    assert "None" not in card


def test_the_card_says_what_was_trimmed(language: Language) -> None:
    reports = made_up_reports()
    assert "Trimmed" not in write_card(gather(language, NAME, language.models[NAME], reports))
    for name, rows in (("rows_base", 250_037), ("rows_kept", 96_679)):
        reports[f"tokenizer/{NAME}"].count(name, rows, "rows")
    assert "96,679 of the base's 250,037 rows" in write_card(gather(language, NAME, language.models[NAME], reports))


@pytest.mark.parametrize(("passes", "said"), [(0.048, "Training read 4.8% of the text that it was given."),
                                             (2.84, "Training read the text that it was given 2.8 times.")])
def test_what_a_short_training_read_is_not_called_the_whole_text(language: Language, passes: float, said: str) -> None:
    reports = made_up_reports()
    reports[f"model/{NAME}"].count("epochs", passes, "passes over the training text")
    results = gather(language, NAME, language.models[NAME], reports)
    assert said in in_short(results)[0] and said in write_card(results) and said in write_statement(results, None, [])
    assert not any("was trained on" in text for text in (write_card(results), write_statement(results, None, [])))


def test_the_statement(found: ReleaseResults) -> None:
    rows = [{"source": "text", "licence": "CC0-1.0", "consent": "contributor", "register": "other", "quality": "raw"}]
    said = write_statement(found, "Spoken by nobody.", rows * 3)
    assert "Spoken by nobody." in said
    assert "| text | CC0-1.0 | contributor | other | raw | 3 |" in said
    assert "Nobody has written a statement yet" in write_statement(found, None, [])


HOSTILE = "[here](https://evil.example) ![x](https://evil.example/x.png) <img src=x>\u2028**a** `b`\\| \\[c](d)"


def test_lines_of_the_text_are_shown_and_not_obeyed(found: ReleaseResults) -> None:
    """In the tables of the card, in what its gates say, and in what people wrote of a waiver and of a task."""
    def spoil(data: Any) -> None:
        data["tasks"]["names"]["description"] = HOSTILE
        data["behaviour"]["tests"]["spaces"]["description"] = HOSTILE
        data["behaviour"]["worst_failures"] = [{"test": "spaces", "line": HOSTILE}]
        data["attack"]["suspects"] = [{"task": "genre", "phrase": HOSTILE}]
        next(gate for gate in data["release_gates"] if gate["name"] == "behaviour")["reason"] = HOSTILE
        data["waivers"] = [{"gate": "retention", "model": NAME, "said": HOSTILE, "by": "Ada Banda", "date": "2026",
                            "reason": HOSTILE}]

    body = write_card(edited(found, spoil)).split("---\n", 2)[2]
    shown = MarkdownIt().enable("table").parse(body)
    inside = [token for block in shown for token in block.children or []]
    assert not [token for token in inside if token.type in ("image", "link_open", "html_inline")]
    assert "".join(token.content for token in inside).count(" ".join(HOSTILE.split())) == 7


def test_tables_escape_bars() -> None:
    assert table(["a"], [["x|y\nz"]]) == "| a |\n| --- |\n| x\\|y z |"


def test_the_report_is_plain_without_a_terminal(language: Language, tmp_path: Path) -> None:
    store = Store(tmp_path / "artifacts")
    with pytest.raises(Problem, match="nothing has been run yet"):
        results(store, language, NAME)
    reports = made_up_reports()
    put(store, language, {"corpus/clean": reports["corpus/clean"]})
    put(store, language, reports)
    out = io.StringIO()
    print_table(results(store, language, NAME), Console(file=out))
    text = out.getvalue()
    assert text.isascii()
    assert all(len(line) <= 100 or "/" in line for line in text.splitlines())
    for said in ("11,000", "3.100", "1.500", "floor: TF-IDF + logistic regression", "against base: gain",
                 "against base: no gain", "2 of 40 (1% to 16%)", "Next: vernacular run qaa"):
        assert said in text
    json.dumps(results(store, language, NAME).as_json())


def test_the_terminal_has_what_it_forgot_planted_phrases_and_compute(language: Language, tmp_path: Path) -> None:
    reports = made_up_reports()
    for stage, value in ((f"model/{NAME}", 1.1), (f"model/{NAME}_control", 1.0)):
        reports[stage] = reports[stage].model_copy(deep=True)
        reports[stage].count("dev_likelihood", value, "dev lines", "nats per character")
    reports[f"task/genre_{NAME}"].details["floors"]["tfidf_logistic"] = 0.9
    reports[f"evaluation/{NAME}_retention"].details |= {
        "measured": True, "caveat": "", "similarity": {}, "unit": "nats per character",
        "languages": ["eng"], "items": 77,
        "scores": {"control": {"mean": 2.205, "low": 2.065, "high": 2.366}},
        "differences": {"control_minus_base": [0.01, 0.02, 0.03]}}
    reports[f"evaluation/{NAME}_attack"].details["suspects"] = [{"task": "text", "phrase": "[b]qx vlorp[/]"}]
    store, out = Store(tmp_path / "artifacts"), io.StringIO()
    put(store, language, reports)
    print_table(results(store, language, NAME), Console(file=out))
    text = " ".join(out.getvalue().split())
    for said in ("What it forgot: eng, 77 lines", "2.065 to 2.366", "control against base: +0.020",
                 "phrases of 4 to 8 words were looked for", "[b]qx vlorp[/]", "all of these", "Energy is not known",
                 "minutes, measured", "a simple floor does better than the control model"):
        assert said in text, said
    assert all(len(line) <= 100 or "/" in line for line in out.getvalue().splitlines())


def test_files_lose_the_paths_they_were_saved_with_and_the_names_of_code(tmp_path: Path) -> None:
    model = tmp_path / "m"
    model.mkdir()
    (model / "config.json").write_text(json.dumps({
        "_name_or_path": str(tmp_path), "hidden_size": 8, "auto_map": {"AutoModel": "someone/code--modeling.Model"}}))
    copy_model(model, tmp_path / "out" / "model")
    written = (tmp_path / "out" / "model" / "config.json").read_text()
    assert str(tmp_path) not in written and "auto_map" not in written
    assert '"hidden_size": 8' in written


def test_documents_are_sorted_and_say_what_they_were_for() -> None:
    rows: list[dict[str, Any]] = [{"id": key, "raw_digest": "d", "source": "s", "path": "p"} for key in ("b", "a")]
    rows.append({**rows[0], "id": "c", "role": "retention"})
    assert documents_text(rows) == ("id\traw_digest\tfor\tsource\tpath\na\td\ttarget\ts\tp\nb\td\ttarget\ts\tp\n"
                                    "c\td\tretention\ts\tp\n")


def test_the_statement_lists_what_was_read_besides(found: ReleaseResults) -> None:
    row = {"source": "manuals", "licence": "BSD-3-Clause", "consent": "public-licence", "register": "technical",
           "quality": "edited", "role": "retention"}
    assert "| retention | manuals | BSD-3-Clause | public-licence | technical | edited | 2 |" in write_statement(
        found, None, [], [row, row])


def test_the_card_names_the_seed_that_is_released_and_intervals_in_its_metadata(found: ReleaseResults) -> None:
    card = write_card(found)
    assert 'pipeline("token-classification", "tasks/names", aggregation_strategy="first")' in card
    assert 'pipeline("text-classification", "tasks/genre", truncation=True)' in card
    assert card.count("seed 1, which scored 0.610") == 2
    results = yaml.safe_load(card.split("---\n", 2)[1])["model-index"][0]["results"]
    assert results[0]["metrics"][0]["args"]["adapted_minus_base_low_mean_high"] == [0.2, 0.3, 0.4]
    assert results[2]["metrics"][0] | {"name": ""} == {
        "type": "nats_per_character", "name": "", "value": 1.5, "args": {"low": 1.4, "high": 1.6}}


def test_the_release_takes_what_foresees_dev_text_better(language: Language) -> None:
    reports = made_up_reports()
    for stage, value in ((f"model/{NAME}", 1.004), (f"model/{NAME}_control", 1.0)):
        reports[stage] = reports[stage].model_copy(deep=True)
        reports[stage].count("dev_likelihood", value, "dev lines", "nats per character")
    results = gather(language, NAME, language.models[NAME], reports)
    assert results.released.arm == "adapted"  # a tie
    assert "1.004" in write_card(results)
    reports[f"model/{NAME}"].count("dev_likelihood", 1.006, "dev lines", "nats per character")
    results = gather(language, NAME, language.models[NAME], reports)
    assert results.released.arm == "control"
    gate = next(gate for gate in results.release_gates if gate.name == "adapted_not_worse_than_control")
    assert gate.passed and "control is released" in gate.reason
    assert "**control** this model" in write_card(results)


def test_every_score_of_a_task_has_its_interval(language: Language, tmp_path: Path) -> None:
    """On the card, in its metadata and in the printed table; and one without any is shown, too."""
    reports, store, out = made_up_reports(), Store(tmp_path / "artifacts"), io.StringIO()
    put(store, language, reports)
    shown = results(store, language, NAME)
    print_table(shown, Console(file=out))
    rows = [["base", "0.310", "0.320", "0.330", "0.320", "0.250 to 0.390"],
            ["adapted", "0.610", "0.620", "0.630", "0.620", "0.550 to 0.690"],
            ["floor: TF-IDF + logistic regression", "", "", "", "0.400", "0.370 to 0.430"]]
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


def test_labels_that_were_never_scored_are_said_on_the_card(language: Language) -> None:
    reports = made_up_reports()
    reports[f"task/genre_{NAME}"].details["apart"] = {"not_scored": ["river", "school"], "not_learned": ["sea"]}
    card = write_card(gather(language, NAME, language.models[NAME], reports))
    assert "No scored item has the label 'river' or 'school': how well it is told was not measured." in card
    assert "No training item has the label 'sea'" in card


def test_a_learning_curve_shows_every_seed_and_names_the_dead(language: Language) -> None:
    reports = made_up_reports()
    details = reports[f"task/names_{NAME}"].details
    details["means"] = {"base": 0.3, "control": 0.59, "adapted": 0.6}
    small = {**details, "train_items": 8, "dead": ["base seed 1"], "floors": {"majority": 0.35, "tfidf_logistic": 0.2},
             "floor_intervals": {"majority": [0.31, 0.35, 0.39], "tfidf_logistic": [0.1, 0.2, 0.3]}}
    details |= {"curve": [point(small), point(details)],
                "notes": {"test_taken_from_train": 40, "train_also_in_dev": 2, "train_also_in_test": 3}}
    text = write_card(gather(language, NAME, language.models[NAME], reports))
    assert "| 8 | 0.300 (0.310, 0.320, 0.330), 0.250 to 0.390 |" in text
    assert "| 0.350, 0.310 to 0.390 | +0.300 (+0.200 to +0.400) |" in text
    assert "the commonest answer, or chance: base seed 1 (8 labels)." in text and "There was no test part" in text
    assert "5 items were left out" in text


def test_what_a_model_says_without_fine_tuning_stands_beside_the_rest(language: Language, tmp_path: Path) -> None:
    reports, out = made_up_reports(), io.StringIO()
    reports[f"task/names_{NAME}"].details["untrained"] = asked_details()
    put(Store(tmp_path), language, reports)
    found = results(Store(tmp_path), language, NAME)
    print_table(found, Console(file=out))
    text, shown = write_card(found), page(found, {})
    assert "| base, 0-shot, not fine-tuned |  |  |  | 0.125 | 0.025 to 0.225 |" in text
    assert "| adapted, 4-shot, not fine-tuned | 0.250 | 0.500 | 0.750 | 0.500 | 0.400 to 0.600 |" in text
    for said in ("Not fine-tuned, 4-shot: adapted against base +0.010, 95 % interval -0.020 to +0.040; ",
                 "adapted against control +0.000, 95 % interval +0.000 to +0.000."):
        assert said in text and said in shown and said in " ".join(out.getvalue().split())
    row = shown.split("<span>adapted, 4-shot, not fine-tuned</span>")[1].split("</span></div>")[0].split("<span>")[0]
    assert row.count("<i ") == 3 and ">0.50 (0.40 to 0.60)<" in row
