"""The page of ``vernacular report``: one HTML file that a member of the community can read, print and send to others.

Examples before and after come first, then the headline table as bars, then the red gates; everything else unfolds.
The file includes its pictures and loads nothing. The template escapes every text. Computes no score: figures come from
``results.gather`` and from the reports of the stages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vernacular.behavior_tests.schema import percent
from vernacular.core.result import Interval
from vernacular.core.store import Artifact, Store, now, write_atomically
from vernacular.evaluation.behavior.whitespace import LEGEND
from vernacular.modeling.variants import ARMS
from vernacular.release.card_evaluation import (
    by_review,
    describe_fairness,
    describe_scan,
    fairness_table,
    kept_on_tasks,
    rate,
)
from vernacular.release.compute import about, cost_table, time_table
from vernacular.release.examples import page_examples
from vernacular.release.headline import rows as headline_rows
from vernacular.release.headline import translation_language
from vernacular.release.markdown import Table, caveat, interval_text, number, range_text, read_text
from vernacular.release.result_models import CurrentResults, ReleasedLikelihood, ReleasedTask
from vernacular.release.result_tables import (
    CURVE,
    against,
    curve_table,
    likelihood_table,
    prompted,
    remarks,
)
from vernacular.release.searching import describe_search
from vernacular.release.trust import calibration_table, describe_calibration
from vernacular.reporting.first_screen import (
    VERDICTS,
    bars_of,
    base_name,
    red_gates,
    what_changed,
    what_it_is,
)
from vernacular.reporting.page_parts import environment_of_pages, step_of
from vernacular.reporting.speech.view import SpeechView

FILE = "report.html"
MEANING = {"base": "the model as it was", "control": "trained on the same text, with its original tokenizer",
           "adapted": "trained on the same text, with new tokens"}
SIMPLE = {"majority": "most frequent answer", "tfidf_logistic": "TF-IDF baseline"}


def default_place(store: Store, code: str, model_name: str) -> Path:
    """The default place of the page of a model: beside its releases. A takedown removes it."""
    return store.home(code, f"release/{model_name}") / FILE


def write_page(results: CurrentResults, artifacts: Mapping[str, Artifact], to: Path,
               thumbnail_of: Callable[[str, str], str] | None = None, speech: SpeechView | None = None) -> Path:
    """Write the page of ``results`` to ``to``, whole or not at all.

    ``artifacts``: stage name -> artifact, for its pictures, samples and counts.
    ``thumbnail_of``: as ``page_examples`` takes it.
    ``speech``: of the same folder.

    Raises:
        OSError: it cannot be written.
    """
    to.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(to, page(results, artifacts, thumbnail_of, speech))
    return to


def page(results: CurrentResults, artifacts: Mapping[str, Artifact],
         thumbnail_of: Callable[[str, str], str] | None = None, speech: SpeechView | None = None) -> str:
    """The whole page as HTML, with a part on ``speech`` if the folder has both."""
    environment = environment_of_pages()
    environment.filters |= {"most_of": most_of, "interval": interval_text, "range_text": range_text, "caveat": caveat,
                            "against": against}
    headline = headline_rows(results)
    return environment.get_template(FILE).render(
        r=results, speech=speech, arms=ARMS, meaning=MEANING, made=now(), short=in_short(results),
        about=what_it_is(results), searched=describe_search(results), changed=what_changed(headline),
        headline=[(row, bars_of(row)) for row in headline], base_name=base_name(results), verdicts=VERDICTS,
        examples=page_examples(results, artifacts, thumbnail_of), other=translation_language(results),
        red=red_gates(results), t=tables(results, artifacts), likelihood=likelihood_table(results.likelihood),
        retention=likelihood_table(results.retention), fairness=fairness_table(results),
        gaps_text=describe_fairness(results), costs=cost_table(results), times=time_table(results),
        cost_about=about(results), by_labels=CURVE,
        tasks=[PageTask(name, task, strip(task), curve_table(task), remarks(task), calibration_table(task),
                        describe_calibration(task)) for name, task in results.tasks.items()],
        counted=[line for line, _ in by_review(results)], legend=LEGEND, scanned=describe_scan(results.attack),
        suspects=[one.row() for one in results.attack.suspects] if results.attack else [],
        kept=kept_on_tasks(results), steps=[step_of(name, artifact) for name, artifact in artifacts.items()])


def tables(results: CurrentResults, artifacts: Mapping[str, Artifact]) -> dict[str, list[list[Any]]]:
    """The rows of the page's tables by name; a table of what was not measured is empty."""
    rejected = [row for stage in ("corpus/clean", "corpus/splits") if stage in artifacts
                for row in artifacts[stage].manifest.report.samples.get("rejected", [])]
    tests = results.behaviour.tests if results.behaviour else {}
    return {
        "sources": [[source.name, source.text_register, source.licence, source.consent, source.words_kept]
                    for source in results.sources],
        "left_out": [[rule, found.meaning, found.lines, found.words]
                     for rule, found in (results.corpus.rejected if results.corpus else {}).items() if found.words],
        "rejected": [[row.get("rule", "shared with held-out text"), row["reason"], row["text"]] for row in rejected],
        "doubtful": [[row["kind"], row["lines"], row["text"]] for row in results.doubtful_lines],
        "tests": [[name, test.description or test.capability, rate(test.base), rate(test.adapted),
                   percent(test.threshold), test.author, test.reviewed] for name, test in tests.items()]}


@dataclass(frozen=True)
class StripRow:
    """A row of a task's picture: a name, its mean with its 95 % interval, and their place on the scale.

    ``seeds`` and ``bar`` are per cent of the scale.
    """

    name: str
    mean: float | None
    range: str
    seeds: list[float]
    bar: float | None


@dataclass(frozen=True)
class PageTask:
    """What the page shows of a task."""

    name: str
    result: ReleasedTask
    strip: list[StripRow]
    curve: Table
    remarks: list[str]
    calibration: Table
    calibrated: str


def strip(found: ReleasedTask) -> list[StripRow]:
    """The rows of a task's picture."""
    rows: list[tuple[str, list[float], float | None, Interval | None]]
    rows = [(arm, [row.score for row in found.scores[arm]], found.means.get(arm), found.arm_intervals.get(arm))
            for arm in ARMS if found.scores.get(arm)]
    rows += [(prompted(arm, name), [*way.scores[arm]], way.means[arm], way.arm_intervals.get(arm))
             for name, way in found.untrained.items() for arm in ARMS]
    rows += [(SIMPLE.get(name, name), [], floor, found.floor_intervals.get(name))
             for name, floor in found.floors.items()]
    most = most_of(found)
    return [StripRow(name, mean, range_text(interval, 2), [round(100 * seed / most, 1) for seed in seeds],
                     None if mean is None else round(100 * mean / most, 1)) for name, seeds, mean, interval in rows]


def most_of(found: ReleasedTask) -> int:
    """The best score that a task's metric can give."""
    return 100 if found.metric == "chrf" else 1


def in_short(results: CurrentResults) -> list[str]:
    """The results in plain sentences, also of what was not measured."""
    language, name, released = results.language, results.language.name, results.released.arm
    lines = []
    corpus = results.corpus
    if corpus:
        sources = ", ".join(source.name for source in results.sources)
        parts = corpus.parts
        kept = f"{number(parts['train'].words, 0)} of {number(corpus.words_kept, 0)}" if parts else (
            number(corpus.words_kept, 0))
        read = read_text(results.released.passes)
        lines.append(f"The training text has {kept} words of {name}, from: {sources}. "
                    + ("The others are held out to measure the model. " if parts else "") + f"{read}{read and ' '}"
                    + (f"{number(corpus.words_rejected, 0)} more words were rejected; the section on text says why."
                       if corpus.words_rejected else "No text was rejected."))
    fertility, aligned = results.fertility, results.alignment
    if fertility and fertility.base and fertility.extended:
        lines.append(f"A word of {name} took {number(fertility.base, 2)} tokens; with the new tokens it takes "
                    f"{number(fertility.extended, 2)}." if released == "adapted" else
                    f"A word of {name} takes {number(fertility.base, 2)} tokens, as before.")
    if aligned:
        training = results.pretraining.of(released)
        after = training.counts.translation_found if training else None
        lines.append(f"It learned from {number(aligned.pairs, 0)} translated sentences. Of "
                    f"{number(aligned.held_out_pairs, 0)} held-out ones it finds the translation of "
                    f"{number(after, 0, True)}; before it found {number(aligned.found_before, 0, True)}.")
    if results.likelihood:
        verdict = results.likelihood.verdicts.get(f"{released}_minus_base")
        words = {"gain": "better than before", "no gain": "no better than before", "harm": "worse than before"}
        if verdict:
            interval = results.likelihood.differences[f"{released}_minus_base"]
            lines.append(f"It predicts held-out {name} text {words[verdict]} (negative log-likelihood "
                        f"{interval_text(interval)}; "
                        "lower is better)." + _beside_baseline(results.likelihood, released))
    for task, found in results.tasks.items():
        lines.append(_task_in_short(task, found, released))
    tests = results.behaviour.gates if results.behaviour else []
    if tests:
        passed = sum(gate.passed for gate in tests)
        reviewed = len(by_review(results)[0][1])
        lines.append(f"It passes {passed} of {len(tests)} behavioral tests; a speaker has reviewed {reviewed} of them.")
    else:
        lines.append("No behavioral test was run.")
    retention = results.retention
    if retention and retention.measured:
        rise = retention.counts.retention_rise or 0.0
        change = retention.differences.get(f"{released}_minus_base")
        beside = f" ({interval_text(change)})" if change else ""
        lines.append(f"It predicts text in the base's languages {abs(rise):.1%} "
                    f"{'worse' if rise > 0 else 'better'} than before{beside}.{caveat(retention.caveat)}")
    else:
        lines.append("Forgetting of the base's languages was not measured.")
    attack = results.attack
    if attack:  # in the labels perhaps, where no line of the text was long enough
        lines.append(f"It was scanned for planted phrases. {describe_scan(attack)} "
                    + (f"A person should look at {len(attack.suspects)} of them."
                       if attack.suspects else "It found none that changes answers."))
    else:
        lines.append("It was not scanned for planted phrases.")
    publishable = next((gate for gate in results.release_gates if gate.name == "publishable"), None)
    if publishable:
        lines.append("It may be published." if publishable.passed else "It may not be published yet.")
    return [*lines, f"Contact for questions and takedowns: {language.owner or 'nobody is named as owner yet'}."]


def _beside_baseline(found: ReleasedLikelihood, arm: str) -> str:
    baseline = min((floor.mean for floor in found.floor.values()), default=None)
    mean = found.scores[arm].mean
    return (f" A character 5-gram model still predicts it better ({number(baseline)} against {number(mean)})."
            if baseline is not None and baseline < mean else "")


def _task_in_short(task: str, found: ReleasedTask, arm: str) -> str:
    means, about = found.means, f" ({found.description})" if found.description else ""
    verdict = found.verdicts.get(f"{arm}_minus_base")
    words = {"gain": "better than before", "no gain": "no difference beyond chance",
             "harm": "worse than before"}
    line = f"{task}{about}: {number(means.get(arm), 2)} of {most_of(found)}"
    if "base" in means:
        line += f", before {number(means['base'], 2)}" + (
            f": {words[verdict]} ({interval_text(found.intervals[f'{arm}_minus_base'])})" if verdict else "")
    if not found.above_floors:
        line += ". A baseline without a pretrained model does as well or better: use that"
    return line + "."
