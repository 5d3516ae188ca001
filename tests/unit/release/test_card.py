"""The base on the card: the name that the hub knows, or where it was taken from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from tests.generate import write_language
from tests.unit.release.made_up import NAME, edited, made_up_reports, point
from vernacular.catalog import stages_of
from vernacular.config.base import Base
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.release.card import write_card
from vernacular.release.gates import unverified
from vernacular.release.result_models import ReleaseResults
from vernacular.release.results import gather
from vernacular.release.stages import stages
from vernacular.release.statement import write_statement
from vernacular.reporting.html import in_short


def test_the_metadata_names_a_base_that_the_hub_knows_and_no_other(language: Language) -> None:
    found = gather(language, NAME, language.models[NAME], made_up_reports())
    for hub, package, name, expected, phrase in (
            ("a/b", None, None, "a/b", ""),
            (None, "wheel", "c/d", "c/d", "`wheel`; on the Hugging Face hub it is `c/d`."),
            (None, "wheel", None, None, "package `wheel`; its name on the Hugging Face hub is not known."),
            (None, None, None, None, "local files `base`; its name on the Hugging Face hub is not known.")):
        base = found.model.base.model_copy(update={"hub": hub, "package": package, "name_on_hub": name})
        _, head, body = write_card(found.model_copy(update={
            "model": found.model.model_copy(update={"base": base})})).split("---\n", 2)
        assert yaml.safe_load(head).get("base_model") == expected
        assert phrase in body and ("taken from" in body) == (not hub)


def test_the_metadata_names_models_of_pictures_and_their_licence_counts(language: Language) -> None:
    found, tower = gather(language, NAME, language.models[NAME], made_up_reports()), Base(
        path="tower", name_on_hub="a/clip", licence="CC-BY-NC-4.0")
    task, scored = next(iter(found.tasks.items()))
    seeing = found.model_copy(update={"tasks": {**found.tasks, task: scored.model_copy(update={"tower": tower})}})
    metadata = yaml.safe_load(write_card(seeing).split("---\n", 2)[1])
    assert metadata["base_model"] == "a/clip" and "CC-BY-NC-4.0" in metadata["license_name"]
    teacher = tower.model_copy(update={"licence": "unverified"})
    taught = found.model_copy(update={"model": found.model.model_copy(update={"teacher": teacher})})
    assert unverified(taught.rights) == ["tower"]


def test_a_name_on_the_hub_makes_only_the_release_again(language: Language) -> None:
    model = language.models[NAME]
    base = model.base.model_copy(update={"name_on_hub": "a/b"})
    named = language.model_copy(update={"models": {NAME: model.model_copy(update={"base": base})}})
    before, after = ({name: stage.settings_data(one) for name, stage in stages_of(one).items()}
                     for one in (language, named))
    assert [name for name in before if before[name] != after[name]] == [f"release/{NAME}"]


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
    assert "new tokens, and fine-tuned with LoRA for 2 tasks. **Base**" in card
    found = edited(found, lambda data: data["model"]["lora"].update(method="full"))
    card = write_card(found)
    assert "and fine-tuned whole for 2 tasks. **Base**" in card
    found = edited(found, lambda data: data.update(tasks={}))
    card = write_card(found)
    assert "new tokens. **Base**" in card and "fine-tuned" not in card.split("**Base**")[0]


def test_an_unverified_licence_is_never_called_a_licence(language: Language, found: ReleaseResults) -> None:
    found = edited(found, lambda data: data["sources"][0].update(licence="unverified"))
    metadata = yaml.safe_load(write_card(found).split("---\n", 2)[1])
    assert (metadata["license"], metadata["license_name"]) == ("other", "unverified")


def test_the_license_of_the_card_includes_that_of_labels(found: ReleaseResults) -> None:
    labels = {"licence": "CC-BY-NC-4.0", "url": ""}
    sold = edited(found, lambda data: data["tasks"]["names"].update(labelled=labels))
    metadata = yaml.safe_load(write_card(sold).split("---\n", 2)[1])
    assert (metadata["license"], metadata["license_name"]) == ("other", "several: CC-BY-NC-4.0, CC0-1.0")

    def own(data: Any) -> None:
        for text in (*data["sources"], data["model"]["base"]):
            text["licence"] = "LicenseRef-Kaitiakitanga"

    metadata = yaml.safe_load(write_card(edited(found, own)).split("---\n", 2)[1])
    assert (metadata["license"], metadata["license_name"]) == ("other", "LicenseRef-Kaitiakitanga")


@pytest.mark.parametrize(("masked", "message"), [(True, "were masked; names"),
                                                 (False, "were not masked, nor were names")])
def test_the_card_says_whether_private_data_was_masked(tmp_path: Path, masked: bool, message: str) -> None:
    language = load_language(write_language(tmp_path / "languages", cleaning={"private_data": masked}))
    assert f"phone numbers and similar data {message} of people" in write_card(
        gather(language, NAME, language.models[NAME], made_up_reports()))
    stage, = stages(language, NAME, language.models[NAME])
    assert stage.settings_data(language)["language"]["cleaning"] == {"private_data": masked}


def test_the_card_promises_no_planted_phrase_that_the_scan_would_miss(found: ReleaseResults) -> None:
    card = write_card(found)
    assert "half a per cent of the text or labels" not in card
    for text in (card, " ".join(in_short(found))):
        assert re.search(r"text, [^.]* 4 to 8 words[^.]*; 1 was tried", text)
        assert re.search(r"labels of names, genre, [^.]* 1 to 4 words[^.]*; 2 were tried", text)


def test_the_card_says_how_far_mean_states_are_from_the_bases(language: Language, found: ReleaseResults) -> None:
    assert "mean states" not in write_card(found)
    reports = made_up_reports()
    reports[f"model/{NAME}"].count("states_moved", 0.24, "of held-out texts")
    card = write_card(gather(language, NAME, language.models[NAME], reports))
    body = card.split("## What it forgot")[1].split("##")[0]
    assert "mean states of held-out" in body and "0.240" in body


def test_what_is_reported_of_the_identifier_has_intervals(found: ReleaseResults) -> None:
    scores: dict[str, Any] = {
        "recall": {"accepted": 90, "lines": 100, "share": 0.9, "low": 0.8, "high": 0.95}, "by_length": [],
        "negatives": {"accepted": 9, "lines": 90, "share": 0.1, "low": 0.05, "high": 0.2}, "contrast": {},
        "counts": {"seed_lines": 300}}
    found = edited(found, lambda data: data.update(identification=scores))
    card = write_card(found)
    assert "0.900 (0.800 to 0.950)" in card and "0.100 (0.050 to 0.200)" in card
    assert "precision" not in card
    scores["precision"] = {"accepted": 9, "lines": 12, "share": 0.75, "low": 0.5, "high": 0.875}
    found = edited(found, lambda data: data.update(identification=scores))
    assert "contrast languages 0.750 (0.500 to 0.875); of lines" in write_card(found)
    scores["far"] = {"accepted": 350, "lines": 500, "share": 0.7, "low": 0.65, "high": 0.75, "usual": 300,
                     "shared": 0.1, "by_source": {}}
    found = edited(found, lambda data: data.update(identification=scores))
    assert "500 lines of text far from them 0.700 (0.650 to 0.750)" in write_card(found)


def test_tokens_per_word_and_the_floor_of_likelihood_have_intervals(found: ReleaseResults) -> None:
    card = write_card(found)
    assert "base 3.10 (95 % interval over documents 2.90 to 3.30), extended 1.90 (95 % interval over" in card
    found = edited(found, lambda data: data["fertility"].update(intervals=None))
    assert "base 3.10, extended 1.90. No interval: fewer than 20 documents" in write_card(found)
    assert "| baseline: a character 5-gram model of the training text | 1.800 | 1.750 to 1.850 |" in card


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


@pytest.mark.parametrize(("passes", "message"), [(0.048, "Training read 4.8% of the text that it was given."),
                                             (2.84, "Training read the text that it was given 2.8 times.")])
def test_what_a_short_training_read_is_not_called_the_whole_text(language: Language, passes: float,
                                                                  message: str) -> None:
    reports = made_up_reports()
    reports[f"model/{NAME}"].count("epochs", passes, "passes over the training text")
    results = gather(language, NAME, language.models[NAME], reports)
    for text in (in_short(results)[0], write_card(results), write_statement(results, None, [])):
        assert message in text
    assert not any("was trained on" in text for text in (write_card(results), write_statement(results, None, [])))


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


def test_the_card_names_the_released_seed_and_intervals(found: ReleaseResults) -> None:
    card = write_card(found)
    assert 'pipeline("token-classification", "tasks/names", aggregation_strategy="first")' in card
    assert 'pipeline("text-classification", "tasks/genre", truncation=True)' in card
    assert card.count("seed 1, which scored 0.610") == 2
    results = yaml.safe_load(card.split("---\n", 2)[1])["model-index"][0]["results"]
    assert results[0]["metrics"][0]["args"]["adapted_minus_base_low_mean_high"] == [0.2, 0.3, 0.4]
    assert results[2]["metrics"][0] | {"name": ""} == {
        "type": "nats_per_character", "name": "", "value": 1.5, "args": {"low": 1.4, "high": 1.6}}


def test_labels_that_were_never_scored_are_reported_on_the_card(language: Language) -> None:
    reports = made_up_reports()
    reports[f"task/genre_{NAME}"].details["apart"] = {"not_scored": ["river", "school"], "not_learned": ["sea"]}
    card = write_card(gather(language, NAME, language.models[NAME], reports))
    assert "No scored item has the label 'river' or 'school': how well it is recognized was not measured." in card
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
    assert ": base seed 1 (8 labels)." in text and "There was no test part" in text
    assert "5 items were left out" in text
