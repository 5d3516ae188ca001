"""The report of ``corpus/clean``: counts, tables, plots and gates. Drops nothing itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from vernacular.cleaning.corpus_lines import NUMBERS, RULES, Corpus
from vernacular.cleaning.decontamination import HeldOut
from vernacular.cleaning.disk_arrays import AT_ONCE, stretches
from vernacular.cleaning.losses import find_losses, loss_gates
from vernacular.cleaning.source_drift import Screening
from vernacular.cleaning.source_mix import mix_gate, shares, words_by
from vernacular.cleaning.speaker_samples import mixed_samples, report_refused
from vernacular.cleaning.stage_results import CleanResult, DriftReport, MixShare
from vernacular.config.cleaning import Cleaning
from vernacular.config.stage_settings import CleanSettings
from vernacular.core.plots import bars, histogram
from vernacular.core.report import Gate, Report
from vernacular.core.result import SampleRow
from vernacular.langid.document_rule import DocumentRule
from vernacular.provenance.corpus_tables import CHANGES, DOCUMENTS, REJECTS, count_rows, read_rows_at, read_tables
from vernacular.text.line_batch import RULES as OWN_RULES
from vernacular.text.pii import KINDS
from vernacular.text.word_hashes import Ints

_SAMPLES, _EXCERPT = 3, 160
_LEAST_KEPT = 0.01
_MOST_BARS = 12
_BINS = 20
_RULES = OWN_RULES | RULES
_CHANGES = {"encoding": "lines in which mojibake or HTML entities were undone",
            "normalise": "lines in which spaces, control characters or Unicode forms changed",
            "orthography": "lines in which apostrophes, look-alike letters or spellings changed"}


def describe(out: Path, corpus: Corpus, settings: CleanSettings, screening: Screening, notes: dict[str, str],
             held_out: HeldOut, accepted: Mapping[tuple[str, str], float],
             by_document: Sequence[DocumentRule] = ()) -> Report:
    """The report of the text written to ``out``.

    Args:
        out: folder of the result.
        corpus: what the rules left, and what they dropped.
        settings: of ``corpus/clean``.
        screening: what waits for a person.
        notes: rules that were skipped, and why.
        held_out: task items and behavior texts.
        accepted: source and rule -> the share of the source that a person lets the rule take.
        by_document: rules by which documents were judged as a whole.
    """
    cleaning = settings.cleaning
    report = Report()
    kept = _kept_by_group(corpus)
    words = int(kept[0].sum())
    sources, source_of = _sources(corpus)
    lost = _lost(corpus, source_of, len(sources))
    lost_words, lost_lines = (dict(zip(_RULES, found.sum(0).tolist(), strict=True)) for found in lost)
    _count(report, corpus, kept, lost_words, lost_lines)
    _count_masked(report, corpus, cleaning)
    by_group: dict[tuple[str, ...], int] = {
        group: number for group, number in zip(corpus.groups, kept[0].tolist(), strict=True) if number}
    capped = shares(by_group, cleaning.mix)
    confidence = _confidence(out, report, corpus, sources, source_of)

    by_source = {f"{source} ({register})": number
                 for (source, register), number in words_by(by_group, "source", "register").items()}
    read = sum((np.bincount(source_of[corpus.group[first:first + len(rows)]], rows.rows("read_words"), len(sources))
                for first, rows in corpus.view.stretches()), np.zeros(len(sources))).astype(int).tolist()
    losses = find_losses(sources, read, dict(zip(_RULES, lost[0].T.tolist(), strict=True)),
                         _contaminated(corpus, held_out, sources, source_of))
    report.set_result(CleanResult(
        refused=report_refused(report, corpus), by_document=[rule.code for rule in by_document], notes=notes,
        words_by_source=by_source, confidence_by_source=confidence,
        mix={name: MixShare(share=share, cap=cap) for name, share, cap in capped},
        screening=DriftReport(reasons=screening.reasons, profiles=screening.profiles), losses=losses))
    for column in ("source", "register", "licence"):
        report.samples[f"kept by {column}"] = [
            {column: name, "words": number, "share of words": f"{number / words:.1%}" if words else ""}
            for (name,), number in words_by(by_group, column).items()]
    report.samples["dropped by source"] = [
        {"source": source, "words read": number, "share dropped": _percent(int(by_rule.sum()), number),
         "most of it in lines": _most(by_rule.tolist(), number)}
        for source, number, by_rule in zip(sources, read, lost[0], strict=True)]
    report.samples["kept"] = _kept(out / DOCUMENTS)
    report.samples["rejected"] = _rejected(out / REJECTS)
    report.samples["parts in other languages"] = mixed_samples(out / CHANGES)

    shown = [rule for rule in _RULES if lost_words[rule]]
    bars(out / "rejects.png", "Words dropped, by rule", shown, [lost_words[rule] for rule in shown], "words")
    report.plots["Words dropped, by rule"] = "rejects.png"
    for column in ("register", "licence"):
        _bars(out, report, column, {name: number for (name,), number in words_by(by_group, column).items()})
    _bars(out, report, "source", by_source)
    bars(out / "mix.png", "Share of the words kept, and the most that should be",
         [part for name, _, _ in capped for part in (name, "its cap")],
         [number * 100 for _, share, cap in capped for number in (share, cap)], "%")
    report.plots["The mix against its caps"] = "mix.png"
    report.gates = _gates(corpus, words, sum(read), screening)
    report.gates += [mix_gate(capped), *loss_gates(settings.code, losses, accepted)]
    return report


def _bars(out: Path, report: Report, column: str, words: dict[str, int]) -> None:
    few = dict(islice(words.items(), _MOST_BARS))
    title = f"Words kept, by {column}"
    bars(out / f"{column}s.png", title, list(few), list(few.values()), "words")
    report.plots[title] = f"{column}s.png"


def _sources(corpus: Corpus) -> tuple[list[str], Ints]:
    """The names of the sources, and the number of that of each group."""
    sources = sorted({group[0] for group in corpus.groups})
    return sources, np.array([sources.index(group[0]) for group in corpus.groups], dtype=np.int64)


def _kept_by_group(corpus: Corpus) -> tuple[Ints, int, int]:
    """The words of each group that were kept, and how many lines and characters were."""
    words, lines, characters = np.zeros(len(corpus.groups), dtype=np.int64), 0, 0
    for first, last in stretches(len(corpus.rule)):
        at = np.flatnonzero(corpus.rule[first:last] == 0) + first
        words += np.bincount(corpus.group[corpus.owner[at]], corpus.of_lines("words", at), len(words)).astype(np.int64)
        lines, characters = lines + len(at), characters + int(corpus.of_lines("characters", at).sum(dtype=np.int64))
    return words, lines, characters


def _lost(corpus: Corpus, source_of: Ints, sources: int) -> tuple[Ints, Ints]:
    """Words and lines of each source that each of ``_RULES`` dropped: (sources, rules) each."""
    words, lines = (np.zeros(sources * len(_RULES), dtype=np.int64) for _ in range(2))

    def count(documents: NDArray[np.integer], rules: NDArray[np.integer], dropped: NDArray[np.integer]) -> None:
        of = source_of[corpus.group[documents]] * len(_RULES) + rules
        words[:] += np.bincount(of, dropped, len(words)).astype(np.int64)
        lines[:] += np.bincount(of, minlength=len(lines))

    for first, rows in corpus.view.parts("rejects", AT_ONCE):
        entries = rows.entries("rejects")
        count(rows.owners("rejects") + first, rows.take("rejects", "rule", entries),
              rows.take("rejects", "words", entries))
    for first, last in stretches(len(corpus.rule)):
        at = np.flatnonzero(corpus.rule[first:last]) + first
        count(corpus.owner[at], len(OWN_RULES) - 1 + corpus.rule[at].astype(np.int64), corpus.of_lines("before", at))
    return words.reshape(sources, -1), lines.reshape(sources, -1)


def _contaminated(corpus: Corpus, held_out: HeldOut, sources: Sequence[str], source_of: Ints) -> dict[str, str]:
    """Source -> the tasks and files that most of its contaminated words are in, with commas between."""
    names: dict[str, Counter[str]] = defaultdict(Counter)
    for first, last in stretches(len(corpus.rule)):
        at = np.flatnonzero(corpus.rule[first:last] == NUMBERS["contamination"]) + first
        of = source_of[corpus.group[corpus.owner[at]]]
        for source, number, words in zip(of.tolist(), corpus.of_lines("held", at).tolist(),
                                         corpus.of_lines("words", at).tolist(), strict=True):
            names[sources[source]][held_out.name_of(number)] += words
    return {source: ", ".join(name for name, _ in counted.most_common(_SAMPLES)) for source, counted in names.items()}


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else ""


def _most(lost: Sequence[int], read: int) -> str:
    """The three rules that dropped most of a source, each with its share of the words read."""
    found = sorted(zip(lost, _RULES.values(), strict=True), key=lambda pair: -pair[0])[:3]
    return "; ".join(f"{meaning}: {_percent(number, read)}" for number, meaning in found if number)


def _count(report: Report, corpus: Corpus, kept: tuple[Ints, int, int], lost_words: Mapping[str, int],
           lost_lines: Mapping[str, int]) -> None:
    view, left = corpus.view, corpus.left()
    documents, flagged = int(np.count_nonzero(left)), 0
    for first, rows in view.stretches():
        flagged += int((rows.rows("translated")[left[first:first + len(rows)] > 0] > 0).sum())
    read, (words_by_group, lines, characters) = view.total("read_words"), kept
    words = int(words_by_group.sum())
    report.count("documents", documents, "documents with text left", "documents")
    report.count("documents_emptied", len(left) - documents, "documents of which no line was left", "documents")
    report.count("lines", lines, "lines that were kept", "lines")
    report.count("words_read", read, "words before the rules", "words")
    report.count("words_kept", words, "words that were kept", "words")
    lost = sum(lost_words.values())
    report.count("words_rejected", lost, "words in lines that were dropped", "words")
    cut = view.total("words_cut")
    report.count("lines_mixed", view.total("lines_mixed"), "lines with a part in another language", "lines")
    report.count("words_mixed", view.total("words_mixed"), "words in such parts", "words")
    report.count("words_cut", cut, "words in such parts that were cut", "words")
    report.count("words_masked", read - lost - words - cut, "words less since private data was masked", "words")
    report.count("characters", characters + lines - documents, "characters that were kept", "characters")
    for kind, meaning in _CHANGES.items():
        report.count(f"lines_changed_{kind}", view.total(f"changed_{kind}"), meaning, "lines")
    for rule, meaning in _RULES.items():
        report.count(f"lines_rejected_{rule}", lost_lines[rule], f"lines {meaning}", "lines")
        report.count(f"words_rejected_{rule}", lost_words[rule], f"words in lines {meaning}", "words")
    report.count("documents_flagged", flagged,
                 "documents with signs of machine translation; they are kept, with the flag", "documents")


def _count_masked(report: Report, corpus: Corpus, cleaning: Cleaning) -> None:
    if not cleaning.private_data:
        return
    masked: Counter[str] = Counter(dict.fromkeys((*KINDS, *cleaning.private_patterns), 0))
    for first, rows in corpus.view.parts("masks", AT_ONCE):
        entries, owners = rows.entries("masks"), rows.owners("masks") + first
        lines, numbers = (rows.take("masks", name, entries) for name in ("line", "number"))
        left = corpus.rule[corpus.firsts[owners] + lines] == 0
        kinds = rows.values("masks", "kind", entries[left]).dictionary_encode()
        totals = np.bincount(kinds.indices.to_numpy(), numbers[left], len(kinds.dictionary))
        for name, total in zip(kinds.dictionary.to_pylist(), totals.tolist(), strict=True):
            masked[name] += int(total)
    for name, number in masked.items():
        report.count(f"masked_{name}", number, f"private data of kind {name} that was masked", "places")


def _confidence(out: Path, report: Report, corpus: Corpus, sources: Sequence[str], source_of: Ints) -> dict[str, float]:
    """The histogram of the identifier's probabilities, and their mean by source."""
    counts, number = np.zeros(_BINS, dtype=np.int64), np.zeros(len(sources), dtype=np.int64)
    sums = np.zeros(len(sources))  # of whole numbers and halves, so they are exact
    for first, rows in corpus.view.parts("scores", AT_ONCE):
        values, of = rows.take("scores", "", rows.entries("scores")), source_of[
            corpus.group[rows.owners("scores") + first]]
        counts += np.bincount(values // (100 // _BINS), minlength=_BINS)
        number += np.bincount(of, minlength=len(sources))
        sums += np.bincount(of, values + 0.5, len(sources))
    lines = int(number.sum())
    if not lines:
        return {}
    histogram(out / "identification.png", "How sure the identifier was of each line",
              [number / _BINS for number in range(_BINS + 1)], counts.tolist(), "probability of being in the language",
              "lines")
    report.plots["Confidence of identification"] = "identification.png"
    means = sums / np.maximum(number, 1) / 100
    found = {name: round(float(mean), 3) for name, mean, own in zip(sources, means, number, strict=True) if own}
    report.count("confidence", round((float(sums.sum() - lines / 2) / lines + 0.5) / 100, 4),
                 "mean probability of a line")
    report.samples["confidence by source"] = [{"source": name, "mean probability": mean}
                                              for name, mean in found.items()]
    return found


def _kept(path: Path) -> list[SampleRow]:
    """Five documents from all over the file."""
    number = count_rows(path)
    found = read_rows_at(path, {number * part // 5 for part in range(5)} if number else (),
                         ["source", "path", "text"])
    return [{"source": row["source"], "path": row["path"], "text": row["text"].split("\n")[0][:_EXCERPT]}
            for row in found.values()]


def _rejected(path: Path) -> list[SampleRow]:
    """The first few rejects of each rule."""
    found: dict[str, list[int]] = {rule: [] for rule in _RULES}
    first = 0
    for table in read_tables(path, ["rule"]):
        for rule in pc.unique(table["rule"]).to_pylist():
            found[rule] += (np.flatnonzero(pc.equal(table["rule"], rule).to_numpy())[:_SAMPLES] + first).tolist()
        first += len(table)
    places = [place for own in found.values() for place in own[:_SAMPLES]]
    return [{"rule": row["rule"], "reason": row["reason"], "text": row["text"][:_EXCERPT]}
            for row in read_rows_at(path, places).values()]


def _gates(corpus: Corpus, words: int, read: int, screening: Screening) -> list[Gate]:
    share = words / read if read else 0.0
    unverified = sorted({source for source, _, licence, _ in corpus.groups if licence == "unverified"})
    changed = [f"{source}: {'; '.join(reasons)}" for source, reasons in sorted(screening.reasons.items())]
    replaced = "; ".join(f"{source}, {left} of {before} documents are left"
                         for source, (left, before) in sorted(screening.replaced.items()))
    return [
        Gate(name="some_text_left", passed=share >= _LEAST_KEPT, blocking=True, value=share, threshold=_LEAST_KEPT,
             reason=f"kept {share:.0%} of the words ({words:,} of {read:,}); at least {_LEAST_KEPT:.0%} wanted"
                    + ("" if share >= _LEAST_KEPT else f"; look at {REJECTS} and at `script:` and "
                                                       "`cleaning:`")),
        Gate(name="licence_verified", passed=not unverified, value=len(unverified), threshold=0,
             reason=f"nobody has verified the licence of {', '.join(unverified)}" if unverified
             else "every source names its licence",
             fix="Write it as `licence:` of the source; until then a release cannot be published"),
        Gate(name="sources_unchanged", passed=not changed, value=len(screening.quarantined), threshold=0,
             reason=f"new documents wait for a person: {' | '.join(changed)}. Look at the rule quarantine in "
                    f"{REJECTS}, then run `vernacular accept`" if changed else
             "every source is as it was before; no new document waits for a person"),
        Gate(name="sources_kept", passed=not replaced, blocking=True, value=len(screening.replaced), threshold=0,
             reason=f"what waits for a person took the place of most of its source: {replaced}. Nothing is learned "
                    f"from the rest: look at the rule quarantine in {REJECTS}, then run `vernacular accept`, or "
                    "take the source out of language.yaml" if replaced else
             "every source kept at least half of its documents"),
    ]
