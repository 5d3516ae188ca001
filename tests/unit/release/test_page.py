"""The page of ``report``: complete, self-contained, escaped; made from made-up reports and from none."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from PIL import Image
from rich.console import Console

from tests.unit.release.made_up import NAME, made_up_reports, put
from vernacular.artifacts import Gate, Report, Store
from vernacular.config.schema import Language
from vernacular.release.card import write_card
from vernacular.release.page import default_place, in_short, write_page
from vernacular.release.report import current_artifacts, print_table, results
from vernacular.release.summary import gather
from vernacular.release.waivers import waive

NASTY = "<script>alert(1)</script>\"'&"


def made(language: Language, tmp_path: Path, reports: dict[str, Report]) -> str:
    store = Store(tmp_path / "artifacts")
    put(store, language, reports)
    found = results(store, language, NAME)
    artifacts = current_artifacts(store, language, NAME)
    for artifact in artifacts.values():
        for file in artifact.manifest.report.plots.values():
            Image.new("RGB", (4, 4)).save(artifact.folder / file)
    return write_page(found, artifacts, default_place(store, language.code, NAME)).read_text(encoding="utf-8")


class Reader(HTMLParser):
    """Collects the addresses that a page loads, and checks that what opens closes."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attrs if name in ("src", "srcset", "data", "poster", "action")]
        self.loads += [value or "" for name, value in attrs if name == "href" and tag != "a"]
        if tag not in ("meta", "img", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_everything_is_on_the_page_and_nothing_is_loaded(language: Language, tmp_path: Path) -> None:
    reports = made_up_reports()
    reports["corpus/clean"].samples["rejected"] = [{"rule": "script", "reason": "not Latin", "text": "другой текст"}]
    reports["corpus/clean"].plots["Words dropped, by rule"] = "rejects.png"
    reports[f"evaluation/{NAME}_behaviour"].samples["worst_failures"] = [
        {"test": "spaces", "line": "kale", "changed line": "k ale", "answer": "O",
         "answer to the changed line": "NAME"}]
    shown = made(language, tmp_path, reports)
    reader = Reader()
    reader.feed(shown)
    assert reader.open == []
    assert len(reader.loads) == 1
    assert reader.loads[0].startswith("data:image/png;base64,")
    assert not re.search(r"@import|url\(|<script|<link|<iframe", shown)
    for said in ("In short", "11,000 words", "other words were left out", "другой текст", "not Latin", "k ale",
                 "Not yet.", "red tests, unreviewed: spaces", "0.62 of 1, before 0.32: better than before",
                 "Nats per character: how much the text surprises the model, for each character of it",
                 "no phrase out of 3 turns answers. In the text, phrases of 4 to 8 words were looked for, and 1 was ",
                 "2 were tried. None of these stood out.", "Every step", "documents with text left"):
        assert said in shown, said


def test_figures_have_their_intervals_beside_them(language: Language, tmp_path: Path) -> None:
    reports = made_up_reports()
    reports[f"evaluation/{NAME}_fairness"] = Report(details={"measured": True, "caveat": "by us", "comparisons": {"a": {
        "task": "names", "comparison": "men_and_women", "verdict": "made worse", "sentences": 30,
        "measure": "names_found", "base": {"gap": 0.1, "low": 0.0, "high": 0.2},
        "adapted": {"gap": 0.3, "low": 0.11, "high": 0.49, "groups": {"men": 0.9, "women": 0.6}},
        "change": [0.05, 0.2, 0.35]}}, "author": "Kemi", "reviewed": "Ada, 2026-01-31"})
    reports[f"evaluation/{NAME}_retention"].details |= {
        "measured": True, "unit": "nats per character", "languages": ["eng"], "scores": {},
        "differences": {"adapted_minus_base": [0.01, 0.02, 0.03]}}
    reports[f"evaluation/{NAME}_retention"].count("retention_rise", 0.014, "change")
    shown = made(language, tmp_path, reports)
    for said in ("2 of 40 (1% to 16%)", "0.300 (0.110 to 0.490)", ">0.100 (0.000 to 0.200)</td>",
                 ">0.62 (0.55 to 0.69)<", ">0.40 (0.37 to 0.43)<", "+0.200 (+0.050 to +0.350)",
                 ">names found</td>", ">women, men</td>", "by us Author: Kemi; reviewed by a speaker: Ada, 2026-01-31.",
                 "better than before (-1.000, 95 % interval -1.100 to -0.900; less is better)",
                 "before 0.32: better than before (+0.300, 95 % interval +0.200 to +0.400)",
                 "1.4% worse than it did (+0.020, 95 % interval +0.010 to +0.030)",
                 "adapted against base: +0.020, 95 % interval +0.010 to +0.030"):
        assert said in shown, said


def test_tests_that_no_speaker_reviewed_are_counted_apart(language: Language, tmp_path: Path) -> None:
    reports = made_up_reports()
    found = reports[f"evaluation/{NAME}_behaviour"]
    tests = found.details["tests"]
    tests["swap"] = {**tests["spaces"], "author": "Kemi", "reviewed": "Ada, 2026-01-31"}
    found.gates.append(Gate(name="swap", passed=True, reason="kept"))
    shown = made(language, tmp_path, reports)
    assert "<p>Reviewed by a speaker: 1 test, 1 kept.</p>" in shown
    assert "may be wrong: 1 test, 0 kept.</p>" in shown
    assert "Of 2 tests of how it behaves it keeps 1; a speaker has reviewed 1 of the 2." in shown
    assert "Kemi</td>" in shown and "Ada, 2026-01-31</td>" in shown
    card = write_card(results(Store(tmp_path / "artifacts"), language, NAME))
    assert all(f"**{said}**" in card for said in re.findall(r"<p>((?:Not r|R)eviewed by a speaker[^<]*)</p>", shown))


def test_text_and_names_are_escaped_everywhere(language: Language, tmp_path: Path) -> None:
    def spoilt(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: spoilt(one) for key, one in value.items()}
        return [spoilt(one) for one in value] if isinstance(value, list) else NASTY if isinstance(value, str) else value

    reports = made_up_reports()
    reports["corpus/clean"].samples["rejected"] = [{"rule": NASTY, "reason": NASTY, "text": NASTY}]
    reports["corpus/clean"].samples[NASTY] = [{NASTY: NASTY}]
    reports["corpus/clean"].plots[NASTY] = "x.png"
    reports[f"evaluation/{NAME}_behaviour"].samples["worst_failures"] = [{NASTY: NASTY}]
    reports[f"evaluation/{NAME}_attack"].details = {"measured": True, "suspects": [{NASTY: NASTY}], "said": NASTY}
    for report in reports.values():
        for count in report.counts.values():
            count.meaning = NASTY
        for gate in report.gates:
            gate.reason = NASTY
    test = reports[f"evaluation/{NAME}_behaviour"].details["tests"]["spaces"]
    test |= {"description": NASTY, "capability": NASTY, "reviewed": NASTY}
    changed = language.model_copy(update={"name": NASTY, "autonym": NASTY + NASTY, "owner": NASTY})
    shown = made(changed, tmp_path, reports)
    assert "<script" not in shown
    assert shown.count("&lt;script&gt;") > 20


def test_a_phrase_in_labels_is_told_though_the_text_had_no_line_to_look_at(language: Language, tmp_path: Path) -> None:
    reports = made_up_reports()
    reports[f"evaluation/{NAME}_attack"].details |= {
        "measured": False, "suspects": [{"task": "genre", "phrase": "kale kale"}], "looked_for": {
            "text": None, "labels": {"tried": 2, "words": [1, 4], "tasks": ["genre"]}}}
    shown = made(language, tmp_path, reports)
    assert "In the text nothing was looked for. In the labels of genre" in shown and "kale kale" in shown
    assert "1 should be looked at by a person" in shown and "were not looked for." not in shown


def test_a_description_without_a_full_stop_does_not_run_on(language: Language, tmp_path: Path) -> None:
    tasks = {**language.tasks, "names": language.tasks["names"].model_copy(update={"description": "which are names"})}
    shown = made(language.model_copy(update={"tasks": tasks}), tmp_path, made_up_reports())
    assert "<p>which are names</p>" in shown


def test_the_scale_is_that_of_the_metric(language: Language, tmp_path: Path) -> None:
    reports = made_up_reports()
    details = reports[f"task/names_{NAME}"].details
    details["metric"] = "chrf"
    for rows in details["scores"].values():
        for row in rows:
            row["score"] *= 40
    shown = made(language, tmp_path, reports)
    assert "from 0 (never right) to 100 (always)" in shown and "of 100, before" in shown
    assert max(float(at) for at in re.findall(r"left:([\d.]+)%", shown)) <= 100


def test_how_well_answers_are_foreseen_is_said_wherever_the_task_is(language: Language, tmp_path: Path) -> None:
    reports = made_up_reports()
    details = reports[f"task/names_{NAME}"].details
    details["more_intervals"] = {}
    for arm, rows in details["scores"].items():
        better = -4 if arm == "base" else -2
        for row in rows:
            row["more"] = {"minus_bits_per_byte": better - row["seed"] / 10}
        details["more_intervals"][arm] = {"minus_bits_per_byte": [better - 1, better - 0.2, better + 0.5]}
    said = ("in bits per byte (lower is better; mean, 95 % interval, and each seed): base 4.200, 3.500 to 5.000 "
            "(4.100, 4.200, 4.300); control 2.200, 1.500 to 3.000 (2.100, 2.200, 2.300); adapted 2.200, 1.500 to 3.000 "
            "(2.100, 2.200, 2.300).")
    page, out = made(language, tmp_path, reports), io.StringIO()
    found = results(Store(tmp_path / "artifacts"), language, NAME)
    print_table(found, Console(file=out))
    assert page.count(said) == write_card(found).count(said) == " ".join(out.getvalue().split()).count(said) == 1
    assert not found["tasks"]["genre"]["bits_per_byte"]


def test_what_was_waived_is_not_counted_as_red(language: Language, tmp_path: Path) -> None:
    reports = made_up_reports()
    gates = gather(language, NAME, language.models[NAME], reports)["release_gates"]
    red = [gate["name"] for gate in gates if not gate["passed"] and gate["name"] != "publishable"]
    assert f"{len(red)} of {len(gates) - 1} conditions do not hold" in made(language, tmp_path, reports)
    for name in red:
        waive(language.folder, NAME, gates, name, "Ada Banda", "because of this and that")
    assert "conditions do not hold" not in made(language, tmp_path, reports)


def test_a_page_of_a_run_that_has_just_begun(language: Language, tmp_path: Path) -> None:
    shown = made(language, tmp_path, {"corpus/documents": made_up_reports()["corpus/documents"]})
    for said in ("no release yet", "Nothing has been read yet", "No task was trained", "Not looked for",
                 "Not measured"):
        assert said in shown
    assert "None" not in shown


def test_a_control_that_is_released_cuts_words_as_before(language: Language) -> None:
    reports = made_up_reports()
    for stage, value in ((f"model/{NAME}", 2.0), (f"model/{NAME}_control", 1.0)):
        said = " ".join(in_short(gather(language, NAME, language.models[NAME], reports)))
        assert "pieces; with the pieces it learned it needs 1.90." in said
        reports[stage] = reports[stage].model_copy(deep=True)
        reports[stage].count("dev_likelihood", value, "dev lines", "nats per character")
    said = " ".join(in_short(gather(language, NAME, language.models[NAME], reports)))
    assert "into 3.10 pieces, as before." in said and "it learned" not in said


def test_a_threshold_is_shown_as_it_was_written(language: Language, tmp_path: Path) -> None:
    reports = made_up_reports()
    reports[f"evaluation/{NAME}_behaviour"].details["tests"]["spaces"]["threshold"] = 0.005
    assert ">0.5%</td>" in made(language, tmp_path, reports)
    found, out = results(Store(tmp_path / "artifacts"), language, NAME), io.StringIO()
    assert "| 0.5% |" in write_card(found)
    print_table(found, Console(file=out))
    assert "0.5%" in out.getvalue() and out.getvalue().count("2 of 40 (1% to 16%)") == 2


def test_losses_are_said_in_plain_words(language: Language, tmp_path: Path) -> None:
    reports = made_up_reports()
    reports[f"task/names_{NAME}"].details["intervals"]["adapted_minus_base"] = [-0.4, -0.3, -0.2]
    reports[f"task/names_{NAME}"].details["floors"]["tfidf_logistic"] = 0.9
    store = Store(tmp_path / "artifacts")
    put(store, language, reports)
    said = " ".join(in_short(results(store, language, NAME)))
    assert "worse than before (-0.300, 95 % interval -0.400 to -0.200). A simple method without a model does" in said
    assert "may not be published yet" in said


def test_what_is_kept_of_other_languages_is_not_praised_without_its_caveat(language: Language) -> None:
    reports = made_up_reports()
    reports[f"evaluation/{NAME}_retention"].details |= {
        "measured": True, "caveat": "the lines are of documents that training read", "differences": {}}
    reports[f"evaluation/{NAME}_retention"].count("retention_rise", -0.3, "change of likelihood")
    said = in_short(gather(language, NAME, language.models[NAME], reports))
    assert ("Text in the languages that it knew before it foresees 30.0% better than it did. The lines are of "
            "documents that training read.") in said
