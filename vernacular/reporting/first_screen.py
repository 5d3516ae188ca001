"""What the page of a release opens with: what the model is, the headline table as bars, red gates in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vernacular.config.codes import name_of
from vernacular.release.headline import Column, Row
from vernacular.release.markdown import number
from vernacular.release.result_models import ReleaseResults

VERDICTS = {"gain": "better", "no gain": "no difference beyond chance", "harm": "worse"}
# gate -> what it means for a person that it is red
RED = {"licences_verified": "A licence is not verified",
       "consent_known": "It is not known whether the authors consent to this use",
       "adapted_not_worse_than_control": "It is not shown that the new tokens do no harm",
       "released_not_worse_than_base": "It is not shown that nothing became worse",
       "no_contamination": "Training text may overlap with the text that scores are measured on",
       "behaviour": "Behavioral tests fail", "retention": "It is not shown that it kept what the base knew",
       "no_planted_phrase": "It is not shown that the text holds no planted phrase",
       "uses_allow_release": "Not everyone whom training heard allows a release",
       "better_than_baselines": "It is not shown to be better than its baselines",
       "loads_in_ecosystem": "The finished release does not give the answers that were scored"}
_REASON = 220  # characters of a red gate's reason
_BARS: tuple[tuple[Column, str], ...] = (("base", "base"), ("adapted", "adapted"), ("baseline", "baseline"))


@dataclass(frozen=True)
class Bar:
    """One bar of a row: its label, its value as text, and in per cent of the scale its length and its interval."""

    column: Column
    label: str
    value: str
    interval: str
    length: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class RedGate:
    """A gate that is red and not waived: what that means, its reason cut to a line or two, where to read more."""

    title: str
    reason: str
    part: str


def what_it_is(results: ReleaseResults) -> str:
    """The one sentence under the title."""
    base, corpus, fertility = results.model.base, results.corpus, results.fertility
    words = None if corpus is None else corpus.parts["train"].words if corpus.parts else corpus.words_kept
    counted = [(words, "words of text"),
               (results.alignment.pairs if results.alignment else None, "translated sentences"),
               (fertility.new_pieces if fertility and results.released.arm == "adapted" else None, "new tokens")]
    given = [f"{number(many, 0)} {what}" for many, what in counted if many]
    listed = " and ".join(filter(None, [", ".join(given[:-1]), *given[-1:]]))
    knew = " and ".join(name_of(code) for code in base.languages if code != "mul") or "other languages"
    return (f"{base_name(results)}, a model of {knew}, adapted to {results.language.name}"
            + (f" with {listed}." if listed else "."))


def base_name(results: ReleaseResults) -> str:
    """The name that people know the base by, without its owner."""
    name = results.model.base.name_on_hub or results.model.base_name
    return name.rpartition("/")[2]


def what_changed(headline: Sequence[Row]) -> str:
    """How many rows are better, the same, worse; empty where none was compared."""
    outcomes = [row.verdict for row in headline if row.verdict is not None]
    if not outcomes:
        return ""
    worse = outcomes.count("harm")
    return (f"Of {len(outcomes)} measures compared with the base, {outcomes.count('gain')} "
            f"{'is' if outcomes.count('gain') == 1 else 'are'} better beyond chance and {worse or 'none'} "
            f"{'are' if worse > 1 else 'is'} worse." + _below_baseline(headline))


def _below_baseline(headline: Sequence[Row]) -> str:
    """How many measures do not reach their baseline; empty where none is below."""
    below = sum(row.baseline is not None and row.adapted is not None
                and (row.adapted < row.baseline if row.better == "higher" else row.adapted > row.baseline)
                for row in headline)
    return f" {below} {'is' if below == 1 else 'are'} below the baseline." if below else ""


def bars_of(row: Row) -> list[Bar]:
    """The bars of a row, on one scale: up to the best possible value, or to the largest that is shown."""
    ends = [end for span in row.intervals.values() for end in span]
    shown = [value for column, _ in _BARS if (value := row.value(column)) is not None]
    most = row.most or max([*shown, *ends, 0.0]) or 1.0

    def at(value: float) -> float:
        return round(100 * min(max(value / most, 0.0), 1.0), 1)

    found = []
    for column, label in _BARS:
        value, interval = row.value(column), row.intervals.get(column)
        if value is not None:
            found.append(Bar(column, row.baseline_name if column == "baseline" else label, row.cell(column),
                             row.range_cell(column), at(value), at(interval[0]) if interval else None,
                             at(interval[2]) if interval else None))
    return found


def red_gates(results: ReleaseResults) -> list[RedGate]:
    """The gates that are red and that nobody waived, in plain words."""
    waived = {waiver.gate for waiver in results.waivers}
    tests = results.behaviour.gates if results.behaviour else []
    failing = sum(not gate.passed for gate in tests)
    found = []
    for gate in results.release_gates:
        if gate.passed or gate.name == "publishable" or gate.name in waived:
            continue
        title, reason, part = RED.get(gate.name, gate.name.replace("_", " ")), gate.reason, "publish"
        if gate.name == "behaviour" and failing:
            title, reason, part = f"{failing} of {len(tests)} behavioral tests fail", "", "behaviour"
        if reason:
            reason = clipped(f"{reason[:1].upper()}{reason[1:]}.", _REASON)
        found.append(RedGate(title, reason, part))
    return found


def clipped(text: str, most: int) -> str:
    """``text``, at most so many characters of it."""
    return text if len(text) <= most else text[:most - 1].rstrip() + "…"
