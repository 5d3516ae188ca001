"""The stage ``corpus/clean``: applies the rules in their order, keeps what they drop, and counts.

Holds the order of the rules and the report. What a rule does is in ``filters``, ``identify``, ``deduplicate``,
``redact``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from vernacular.artifacts import Gate, Report
from vernacular.corpus import CleanSettings, filters
from vernacular.corpus.deduplicate import nearly_repeated, repeated
from vernacular.corpus.normalise import normalise
from vernacular.corpus.redact import redact
from vernacular.corpus.words import words
from vernacular.jsonl import read_jsonl, write_jsonl
from vernacular.plots import bars
from vernacular.stages import Work

_SAMPLES_PER_RULE = 3
_LEAST_KEPT = 0.01
_MOST_RELIGIOUS = 0.3


@dataclass(slots=True)
class Line:
    """A line on its way through the rules: ``document`` counts documents, ``number`` lines in it from 1."""

    document: int
    number: int
    text: str


@dataclass(frozen=True)
class Rule:
    """A rule by name: ``judge`` gives for each line the reason to drop it, or None."""

    name: str
    meaning: str
    judge: Callable[[Sequence[str]], list[str | None]]


def _each(judge: Callable[[str], str | None]) -> Callable[[Sequence[str]], list[str | None]]:
    return lambda lines: [judge(line) for line in lines]


def rules(settings: CleanSettings, notes: dict[str, str]) -> list[Rule]:
    """The rules in their order; why one is skipped is added to ``notes``."""
    cleaning = settings.cleaning
    chosen = [Rule("encoding", "with lost characters", _each(filters.damaged)),
              Rule("empty", "without a letter", _each(filters.empty))]
    if filters.knows_script(settings.script):
        chosen.append(Rule("script", f"with too few letters in {settings.script}",
                           _each(lambda line: filters.other_script(line, settings.script, cleaning.script_share))))
    else:
        notes["script"] = f"skipped: {settings.script} is not a script that Unicode knows"
    chosen += [Rule("short", "below the least number of words",
                    _each(lambda line: filters.short(line, cleaning.min_words))),
               Rule("repetition", "in which one word takes up too much",
                    _each(lambda line: filters.repetitive(line, cleaning.max_repeats)))]
    if cleaning.reject_languages:
        from vernacular.corpus.identify import Identifier

        identifier = Identifier(settings.code, settings.script, settings.neighbours, cleaning.reject_languages,
                                cleaning.reject_distance)
        if identifier.skipped:
            notes["identification"] = f"skipped: {identifier.skipped}"
        else:
            notes["identification"] = (f"rejects {', '.join(sorted(identifier.rejected.values()))}; the language is "
                                       f"stood in for by {', '.join(identifier.absorbing)}")
            chosen.append(Rule("identification", "in another language", identifier.judge))
    chosen += [Rule("duplicate", "equal to a line before", repeated),
               Rule("near_duplicate", "nearly equal to a line before",
                    lambda lines: nearly_repeated(lines, cleaning.near_duplicate))]
    return chosen


def run(work: Work) -> Report:
    """Write ``documents.jsonl`` (cleaned) and ``rejects.jsonl`` (id, line, rule, reason, text)."""
    settings: CleanSettings = work.settings
    rows = list(read_jsonl(work.inputs["corpus/documents"] / "documents.jsonl"))
    lines, changed = _repaired(rows)
    read = sum(len(words(line.text)) for line in lines)
    masked: Counter[str] = Counter()
    notes: dict[str, str] = {}
    rejects: list[dict[str, Any]] = []
    lost_words: dict[str, int] = {}
    meanings: dict[str, str] = {}
    for rule in rules(settings, notes):
        work.progress(f"rule {rule.name}: {len(lines):,} lines")
        reasons = rule.judge([line.text for line in lines])
        dropped = [(line, reason) for line, reason in zip(lines, reasons, strict=True) if reason is not None]
        lines = [line for line, reason in zip(lines, reasons, strict=True) if reason is None]
        lost_words[rule.name], meanings[rule.name] = sum(len(words(line.text)) for line, _ in dropped), rule.meaning
        rejects += [{"id": rows[line.document]["id"], "line": line.number, "rule": rule.name, "reason": reason,
                     "text": redact(line.text, Counter()) if settings.cleaning.private_data else line.text}
                    for line, reason in dropped]
    if settings.cleaning.private_data:
        for line in lines:
            line.text = redact(line.text, masked)
    kept = _documents(rows, lines)
    write_jsonl(work.out / "documents.jsonl", kept)
    write_jsonl(work.out / "rejects.jsonl", rejects)

    report = Report()
    by_mix: Counter[tuple[str, str]] = Counter()
    for row in kept:
        by_mix[row["source"], row["register"]] += len(words(row["text"]))
    report.count("documents", len(kept), "documents with text left", "documents")
    report.count("documents_emptied", len(rows) - len(kept), "documents of which no line was left", "documents")
    report.count("lines", len(lines), "lines that were kept", "lines")
    report.count("words_read", read, "words before the rules", "words")
    report.count("words_kept", by_mix.total(), "words that were kept", "words")
    report.count("words_rejected", sum(lost_words.values()), "words in lines that were dropped", "words")
    if settings.cleaning.private_data:
        report.count("words_masked", read - sum(lost_words.values()) - by_mix.total(),
                     "words less since private data was masked", "words")
    report.count("characters", sum(len(row["text"]) for row in kept), "characters that were kept", "characters")
    for name, number in changed.items():
        report.count(f"lines_changed_{name}", number, {
            "encoding": "lines in which mojibake or HTML entities were undone",
            "normalise": "lines in which spaces, control characters or Unicode forms changed"}[name], "lines")
    lost_lines = Counter(row["rule"] for row in rejects)
    for name, meaning in meanings.items():
        report.count(f"lines_rejected_{name}", lost_lines[name], f"lines {meaning}", "lines")
        report.count(f"words_rejected_{name}", lost_words[name], f"words in lines {meaning}", "words")
    for name in ("email", "phone", "ip") if settings.cleaning.private_data else ():
        report.count(f"masked_{name}", masked[name], f"private data of kind {name} that was masked", "places")
    report.samples = _samples(kept, rejects)
    report.details = {"notes": notes, "words_by_source": {f"{source} ({kind})": number
                                                          for (source, kind), number in by_mix.items()}}
    bars(work.out / "rejects.png", "Words dropped, by rule", list(lost_words), list(lost_words.values()), "words")
    report.plots["Words dropped, by rule"] = "rejects.png"
    bars(work.out / "mix.png", "Words kept, by source and register", [f"{name} ({kind})" for name, kind in by_mix],
         list(by_mix.values()), "words")
    report.plots["Words kept, by source and register"] = "mix.png"
    report.gates = gates(rows, by_mix, read)
    return report


def _repaired(rows: Sequence[dict[str, Any]]) -> tuple[list[Line], dict[str, int]]:
    """All lines, repaired and normalised, and how many changed; lines with nothing in them are no lines."""
    lines: list[Line] = []
    changed = {"encoding": 0, "normalise": 0}
    for document, row in enumerate(rows):
        for number, text in enumerate(row["text"].split("\n"), 1):
            repaired = filters.repair(text)
            normal = normalise(repaired)
            changed["encoding"] += repaired != text
            changed["normalise"] += normal != repaired
            if normal:
                lines.append(Line(document, number, normal))
    return lines, changed


def _documents(rows: Sequence[dict[str, Any]], lines: Sequence[Line]) -> list[dict[str, Any]]:
    texts: dict[int, list[str]] = defaultdict(list)
    for line in lines:
        texts[line.document].append(line.text)
    return [{**rows[number], "text": "\n".join(found)} for number, found in texts.items()]


def _samples(kept: Sequence[dict[str, Any]], rejects: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    step = max(1, len(kept) // 5)
    by_rule: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rejects:
        if len(by_rule[row["rule"]]) < _SAMPLES_PER_RULE:
            by_rule[row["rule"]].append({"rule": row["rule"], "reason": row["reason"], "text": row["text"][:160]})
    return {"kept": [{"source": row["source"], "path": row["path"], "text": row["text"].split("\n")[0][:160]}
                     for row in kept[::step][:5]],
            "rejected": [row for found in by_rule.values() for row in found]}


def gates(rows: Sequence[dict[str, Any]], by_mix: Counter[tuple[str, str]], read: int) -> list[Gate]:
    """The gates of the cleaned text; ``by_mix`` counts kept words by source and register, ``read`` the words before."""
    kept = by_mix.total()
    share = kept / read if read else 0.0
    unverified = sorted({row["source"] for row in rows if row["licence"] == "unverified"})
    religious = sum(number for (_, kind), number in by_mix.items() if kind == "religious") / kept if kept else 0.0
    return [
        Gate(name="some_text_left", passed=share >= _LEAST_KEPT, blocking=True, value=share, threshold=_LEAST_KEPT,
             reason=f"{kept:,} of {read:,} words are left"
                    + ("" if share >= _LEAST_KEPT else "; look at rejects.jsonl and at `script:` and `cleaning:`")),
        Gate(name="licence_verified", passed=not unverified, value=len(unverified), threshold=0,
             reason=f"nobody has verified the licence of {', '.join(unverified)}" if unverified
             else "every source names its licence"),
        Gate(name="source_mix", passed=religious <= _MOST_RELIGIOUS, value=religious, threshold=_MOST_RELIGIOUS,
             reason=f"{religious:.0%} of the words are religious text"),
    ]
