"""The page of ``report``: complete, self-contained, escaped; made from made-up reports and from none."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from rich.console import Console

from tests.unit.release.made_up import NAME, current, edited, made_up_reports, put, search_details
from vernacular.config.schema import Language
from vernacular.core.report import Gate, Report
from vernacular.core.store import Artifact, Store
from vernacular.evaluation.examples import FILE as EXAMPLES
from vernacular.evaluation.examples import Blank, Examples, Fill, Segmented
from vernacular.release.card import write_card
from vernacular.release.examples import page_examples
from vernacular.release.headline import Row
from vernacular.release.headline import rows as headline_rows
from vernacular.release.result_models import CurrentResults
from vernacular.release.results import gather
from vernacular.release.waivers import Waiver, waive
from vernacular.reporting.first_screen import bars_of, red_gates, what_it_is
from vernacular.reporting.full_report import current_artifacts, print_table, results
from vernacular.reporting.html import default_place, in_short, page, write_page

PARTS = ("short", "text", "tasks", "behaviour", "fairness", "retention", "attack", "cost", "publish", "steps")
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
    """Collects the addresses that a page loads and its headings, and checks that what opens closes."""

    def __init__(self) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.unnamed = 0
        self.loads: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attrs if name in ("src", "srcset", "data", "poster", "action")]
        self.loads += [value or "" for name, value in attrs if name == "href" and tag != "a"]
        self.headings += [int(tag[1])] if re.fullmatch("h[1-6]", tag) else []
        self.unnamed += tag == "th" and not any(name == "scope" for name, _ in attrs)
        self.unnamed += tag == "img" and not dict(attrs).get("alt")
        if tag not in ("meta", "img", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def with_examples(language: Language, tmp_path: Path, word: str = "mudzi",
                  kept: tuple[int, ...] = (1, 1, 0)) -> tuple[CurrentResults, dict[str, Artifact]]:
    """The results and artifacts of a release whose stages kept examples, with a search task among 8 pairs.

    The base finds the next pair, the released model the right one. ``kept`` is the released model's first answer.
    """
    store, reports = Store(tmp_path / "artifacts"), made_up_reports()
    reports[f"task/search_{NAME}"] = Report(details=search_details())
    changed = language.model_copy(update={"tasks": {"search": language.tasks["genre"], **language.tasks}})
    put(store, changed, reports)
    artifacts = current_artifacts(store, changed, NAME)
    fills = {"base": [Fill(word="the", probability=0.2)],
             "control": [], "adapted": [Fill(word=word.upper(), probability=0.5), Fill(word="ndi", probability=0.1)]}
    examples = Examples(lines=20, blanks=[Blank(before="ku ", word=word, after=" kwa", fills=fills)],
                        segmented=[Segmented(tokens={"base": [["mu", "dzi"], [word]], "control": [["x"]],
                                                     "adapted": [["mudzi"], [word]]})])
    (artifacts[f"evaluation/{NAME}_likelihood"].folder / EXAMPLES).write_text(examples.model_dump_json())
    lines = [{"text": f"{word} {row}", "second": f"village {row}", "labels": [], "base": [5, 3, (row + 1) % 8],
              "control": [1, 1, row], "adapted": [*kept[:2], *([row] if len(kept) > 2 else [])]} for row in range(8)]
    (artifacts[f"task/search_{NAME}"].folder / "predictions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return results(store, changed, NAME), artifacts


def test_examples_are_those_that_the_stages_kept(language: Language, tmp_path: Path) -> None:
    found, artifacts = with_examples(language, tmp_path)
    examples = page_examples(found, artifacts)
    assert examples.candidates == 8 and len(examples.searches) == 3 and examples.lines == 20
    for one in examples.searches:
        assert one.text.split()[1] == one.translation.split()[1] == one.released.text.split()[1]
        assert one.released.right and not one.base.right and one.base.text != one.translation
    blank, = examples.blanks
    assert [(one.word, one.right) for one in blank.released] == [("MUDZI", True), ("ndi", False)]
    assert [one.right for one in blank.base] == [False]
    assert [one.sizes for one in examples.cuts] == [(3, 2)]
    assert page_examples(found, artifacts) == examples
    shown = page(found, artifacts)
    assert shown.count('class="chip hit"') == 1 and shown.index('id="examples"') < shown.index('id="measured"')


def test_examples_of_a_released_control_are_the_controls(language: Language, tmp_path: Path) -> None:
    found, artifacts = with_examples(language, tmp_path)
    found = edited(found, lambda data: data["released"].update(arm="control"))
    examples = page_examples(found, artifacts)
    assert examples.cuts == [] and examples.blanks[0].released == []
    assert all(one.released.right for one in examples.searches)
    Reader().feed(page(found, artifacts))


@pytest.mark.parametrize("licence", ["CC0-1.0", "unverified"])
def test_pictures_are_shown_if_their_licence_is_known(language: Language, tmp_path: Path, licence: str) -> None:
    found, artifacts = with_examples(language, tmp_path)
    found = edited(found, lambda data: data["tasks"]["search"].update(
        kind="image_retrieval", labelled={"licence": licence, "url": ""}))
    lines = [{"text": f"mudzi {row}", "second": f"{row}.png", "base_1": [2, 1, f"{(row + 1) % 8}.png"],
              "adapted_1": [1, 1, f"{row}.png"]} for row in range(8)]
    (artifacts[f"task/search_{NAME}"].folder / "predictions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    examples = page_examples(found, artifacts, lambda task, name: f"{task}{name[0]}")
    assert not page_examples(found, artifacts).pictures
    assert len(examples.pictures) == (3 if licence == "CC0-1.0" else 0)
    for one in examples.pictures:
        assert one.released.right and not one.base.right and one.released.thumbnail == f"search{one.text[-1]}"
    shown = page(found, artifacts, lambda task, name: f"{task}{name[0]}")
    assert shown.count('base64,search') == 2 * len(examples.pictures)
    Reader().feed(shown)


def test_artifacts_without_examples_leave_them_out(language: Language, tmp_path: Path) -> None:
    found, artifacts = with_examples(language, tmp_path, kept=(1, 1))  # of a version that kept ranks alone
    (artifacts[f"evaluation/{NAME}_likelihood"].folder / EXAMPLES).unlink()
    assert not page_examples(found, artifacts)
    assert 'id="examples"' not in page(found, artifacts)


def test_examples_are_escaped(language: Language, tmp_path: Path) -> None:
    shown = page(*with_examples(language, tmp_path, NASTY))
    assert "<script" not in shown and shown.count("&lt;script&gt;") >= 6
    reader = Reader()
    reader.feed(shown)
    assert reader.open == []


def test_bars_lie_on_one_scale() -> None:
    row = Row("search", "accuracy@1", base=0.05, adapted=0.7, baseline=0.23, baseline_name="TF-IDF", most=1.0,
              intervals={"base": (0.03, 0.05, 0.07), "adapted": (0.65, 0.7, 0.75)})
    base, adapted, baseline = bars_of(row)
    assert (base.length, adapted.length, baseline.length) == (5.0, 70.0, 23.0)
    assert (adapted.low, adapted.high, baseline.low) == (65.0, 75.0, None)
    longest, _ = bars_of(Row("tokens", "tokens per word", base=2.0, adapted=1.0, intervals={"base": (1.5, 2.0, 2.5)}))
    assert (longest.length, longest.high) == (80.0, 100.0)
    assert bars_of(Row("tests", "of 0", base=0, adapted=0))[0].length == 0


def test_red_gates_are_those_that_nobody_waived(language: Language, tmp_path: Path) -> None:
    found = gather(language, NAME, language.models[NAME], made_up_reports())
    later = Gate(name="of_a_later_version", passed=False, reason="x" * 1000)
    found = found.model_copy(update={"release_gates": [*found.release_gates, later]})
    red = red_gates(found)
    assert [gate.title for gate in red][-1] == "of a later version" and len(red[-1].reason) < 300
    found = found.model_copy(update={"waivers": [Waiver(
        gate=later.name, model=NAME, said="", by="Ada", reason="for this test", date="")]})
    assert len(red_gates(found)) == len(red) - 1
    assert all(gate.part in PARTS for gate in red)


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
    assert reader.headings[0] == 1 and reader.headings.count(1) == 1 and reader.unnamed == 0
    assert all(after <= before + 1 for before, after in pairwise(reader.headings))
    assert all(f'id="{part}"' in shown for part in PARTS)
    for phrase in ("11,000 words", "другой текст", "not Latin", "k ale", "red tests, unreviewed: spaces",
                 "no phrase out of 3 turns answers", "documents with text left"):
        assert phrase in shown, phrase


def test_figures_have_their_intervals_beside_them(language: Language, tmp_path: Path) -> None:
    reports = made_up_reports()
    reports[f"evaluation/{NAME}_fairness"] = Report(details={"measured": True, "caveat": "by us", "comparisons": {"a": {
        "task": "names", "comparison": "men_and_women", "verdict": "made worse", "sentences": 30,
        "groups": ["men", "women"], "measure": "names_found",
        "base": {"gap": 0.1, "low": 0.0, "high": 0.2, "gap_by_chance": 0.0, "beyond_noise": True},
        "adapted": {"gap": 0.3, "low": 0.11, "high": 0.49, "gap_by_chance": 0.0, "beyond_noise": True,
                    "groups": {"men": 0.9, "women": 0.6}},
        "change": [0.05, 0.2, 0.35]}}, "author": "Kemi", "reviewed": "Ada, 2026-01-31"})
    reports[f"evaluation/{NAME}_retention"].details |= {
        "measured": True, "caveat": "", "unit": "nats per character", "languages": ["eng"], "scores": {},
        "items": 9,
        "similarity": {},
        "differences": {"adapted_minus_base": [0.01, 0.02, 0.03]}}
    reports[f"evaluation/{NAME}_retention"].count("retention_rise", 0.014, "change")
    shown = made(language, tmp_path, reports)
    for phrase in ("2 of 40 (1% to 16%)", "0.300 (0.110 to 0.490)", ">0.100 (0.000 to 0.200)</td>",
                 ">0.62 (0.55 to 0.69)<", ">0.40 (0.37 to 0.43)<", "+0.200 (+0.050 to +0.350)",
                 ">names found</td>", ">women, men</td>", "by us Author: Kemi; reviewed by a speaker: Ada, 2026-01-31.",
                 "(-1.000, 95 % interval -1.100 to -0.900", "(+0.300, 95 % interval +0.200 to +0.400)",
                 "1.4% worse", "+0.020, 95 % interval +0.010 to +0.030"):
        assert phrase in shown, phrase


def test_tests_that_no_speaker_reviewed_are_counted_apart(language: Language, tmp_path: Path) -> None:
    reports = made_up_reports()
    found = reports[f"evaluation/{NAME}_behaviour"]
    tests = found.details["tests"]
    tests["swap"] = {**tests["spaces"], "author": "Kemi", "reviewed": "Ada, 2026-01-31"}
    found.gates.append(Gate(name="swap", passed=True, reason="kept"))
    shown = made(language, tmp_path, reports)
    assert "<p>Reviewed by a speaker: 1 test, 1 passed.</p>" in shown
    assert "may be wrong: 1 test, 0 passed.</p>" in shown
    assert ">1 of 2 behavioral tests fail." in shown
    assert "Kemi</td>" in shown and "Ada, 2026-01-31</td>" in shown
    card = write_card(results(Store(tmp_path / "artifacts"), language, NAME))
    assert all(f"**{line}**" in card for line in re.findall(r"<p>((?:Not r|R)eviewed by a speaker[^<]*)</p>", shown))


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
    reports[f"evaluation/{NAME}_attack"].details |= {
        "suspects": [{"task": NASTY, "phrase": NASTY, NASTY: NASTY}], "conclusion": NASTY}
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


def test_a_phrase_in_labels_is_shown_though_the_text_had_no_line_to_scan(language: Language, tmp_path: Path) -> None:
    reports = made_up_reports()
    reports[f"evaluation/{NAME}_attack"].details |= {
        "measured": False, "suspects": [{"task": "genre", "phrase": "kale kale"}], "looked_for": {
            "text": None, "labels": {"tried": 2, "words": [1, 4], "tasks": ["genre"]}}}
    shown = made(language, tmp_path, reports)
    assert "In the labels of genre" in shown and "kale kale" in shown


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
    assert "of 100, before" in shown
    assert max(float(at) for at in re.findall(r"(?:left|width):([\d.]+)%", shown)) <= 100


def test_the_likelihood_of_right_answers_is_shown_wherever_the_task_is(language: Language, tmp_path: Path) -> None:
    reports = made_up_reports()
    details = reports[f"task/names_{NAME}"].details
    details["more_intervals"] = {}
    for arm, rows in details["scores"].items():
        better = -4 if arm == "base" else -2
        for row in rows:
            row["more"] = {"minus_bits_per_byte": better - row["seed"] / 10}
        details["more_intervals"][arm] = {"minus_bits_per_byte": [better - 1, better - 0.2, better + 0.5]}
    figures = ("in bits per byte (lower is better; mean, 95 % interval, and each seed): base 4.200, 3.500 to 5.000 "
            "(4.100, 4.200, 4.300); control 2.200, 1.500 to 3.000 (2.100, 2.200, 2.300); adapted 2.200, 1.500 to 3.000 "
            "(2.100, 2.200, 2.300).")
    page, out = made(language, tmp_path, reports), io.StringIO()
    found = results(Store(tmp_path / "artifacts"), language, NAME)
    print_table(found, Console(file=out))
    assert page.count(figures) == write_card(found).count(figures) == " ".join(
        out.getvalue().split()).count(figures) == 1
    assert not found.tasks["genre"].bits_per_byte


def test_what_was_waived_is_not_counted_as_red(language: Language, tmp_path: Path) -> None:
    reports = made_up_reports()
    gates = gather(language, NAME, language.models[NAME], reports).release_gates
    red = [gate.name for gate in gates if not gate.passed and gate.name != "publishable"]
    assert f"{len(red)} of {len(gates) - 1} conditions do not hold" in made(language, tmp_path, reports)
    for name in red:
        waive(language.folder, NAME, gates, name, "Ada Banda", "because of this and that")
    assert "conditions do not hold" not in made(language, tmp_path, reports)


def test_a_page_of_a_run_that_has_just_begun(language: Language, tmp_path: Path) -> None:
    shown = made(language, tmp_path, {"corpus/documents": made_up_reports()["corpus/documents"]})
    assert "None" not in shown and 'id="examples"' not in shown and 'id="measured"' not in shown
    assert all(f'id="{part}"' in shown for part in PARTS)


def test_a_control_that_is_released_cuts_words_as_before(language: Language) -> None:
    reports = made_up_reports()
    for stage, value in ((f"model/{NAME}", 2.0), (f"model/{NAME}_control", 1.0)):
        found = gather(language, NAME, language.models[NAME], reports)
        assert "1.90" in " ".join(in_short(current(found))) and "60 new tokens" in what_it_is(found)
        reports[stage] = reports[stage].model_copy(deep=True)
        reports[stage].count("dev_likelihood", value, "dev lines", "nats per character")
    found = gather(language, NAME, language.models[NAME], reports)
    assert "1.90" not in " ".join(in_short(current(found))) and "new tokens" not in what_it_is(found)


def test_a_threshold_is_shown_as_it_was_written(language: Language, tmp_path: Path) -> None:
    reports = made_up_reports()
    reports[f"evaluation/{NAME}_behaviour"].details["tests"]["spaces"]["threshold"] = 0.005
    assert ">0.5%</td>" in made(language, tmp_path, reports)
    found, out = results(Store(tmp_path / "artifacts"), language, NAME), io.StringIO()
    assert "| 0.5% |" in write_card(found)
    print_table(found, Console(file=out))
    assert "0.5%" in out.getvalue() and out.getvalue().count("2 of 40 (1% to 16%)") == 2


def test_losses_have_their_intervals(language: Language, tmp_path: Path) -> None:
    reports = made_up_reports()
    reports[f"task/names_{NAME}"].details["intervals"]["adapted_minus_base"] = [-0.4, -0.3, -0.2]
    reports[f"task/names_{NAME}"].details["floors"]["tfidf_logistic"] = 0.9
    reports[f"task/names_{NAME}"].details["floor_intervals"]["tfidf_logistic"] = [0.8, 0.9, 1.0]
    store = Store(tmp_path / "artifacts")
    put(store, language, reports)
    found = results(store, language, NAME)
    assert "(-0.300, 95 % interval -0.400 to -0.200)" in " ".join(in_short(found))
    row = next(row for row in headline_rows(found) if row.name.startswith("names"))
    assert (row.verdict, row.baseline) == ("harm", 0.9)


def test_what_is_kept_of_other_languages_is_not_praised_without_its_caveat(language: Language) -> None:
    reports = made_up_reports()
    reports[f"evaluation/{NAME}_retention"].details |= {
        "measured": True, "caveat": "the lines are of documents that training read", "differences": {}}
    reports[f"evaluation/{NAME}_retention"].count("retention_rise", -0.3, "change of likelihood")
    lines = in_short(current(gather(language, NAME, language.models[NAME], reports)))
    assert any("30.0%" in line and "The lines are of documents that training read." in line for line in lines)
