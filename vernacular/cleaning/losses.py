"""What the rules drop from each source, in words, and which losses need a person's approval.

A rule that drops more than a third of a source turns the gate ``losses_small`` amber; more than
half turns ``losses_accepted`` red, which blocks later stages until settings change or the loss is
accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from vernacular.cleaning.stage_results import CleanResult, Loss
from vernacular.core.report import Gate, Report
from vernacular.core.store import Artifact
from vernacular.provenance.corpus_tables import REJECTS

SEEN, ACCEPTED = 1 / 3, 1 / 2  # shares of a source one rule may drop before a warning and before approval is needed
LEAST_WORDS = 500  # read from a source; less text gives unreliable shares
GROWTH = 0.1  # an accepted loss may grow by this share of its source before approval is needed again
_SHOWN = 4


@dataclass(frozen=True)
class Family:
    """Rules that are reported as one and controlled by one key."""

    name: str  # used by `vernacular accept --rule`
    rules: tuple[str, ...]  # of ``line_batch.RULES`` and ``corpus_lines.RULES``
    taken: str  # why the words were dropped
    remedy: str  # what to change if it drops too much; ``{code}``, ``{source}`` and ``{where}`` are filled in


FAMILIES = (
    Family("encoding", ("encoding",), "with lost characters",
           "save the files as UTF-8, or set `encoding:` of the source"),
    Family("empty", ("empty",), "without a letter",
           "set `text_field:` of the source to the field or column with the text"),
    Family("script", ("script",), "in another script",
           "correct `script:` in language.yaml, or lower `cleaning.script_share`"),
    Family("short", ("short",), "too short", "lower `cleaning.min_words`"),
    Family("identification", ("identification", "document_identification"), "identified as another language",
           "if they are in the language, add lines of this source to the seed (`vernacular seed {code}` samples "
           "some), or set `trusted: true` for it"),
    Family("mixed_lines", ("mixed_lines",), "partly in another language",
           "set `cleaning.mixed_lines: keep`, or raise `cleaning.mixed_share`"),
    Family("repetition", ("repetition",), "repeating themselves", "raise `cleaning.max_repeats`"),
    Family("thresholds", ("thresholds",), "unlike any line of the seed",
           "add lines of this source to the seed (`vernacular seed {code}` samples some), or lower "
           "`cleaning.quantile`"),
    Family("quarantine", ("quarantine",), "quarantined after a change of the source",
           "if the new documents are good: `vernacular accept {code} {source} --reason \"...\"`"),
    Family("boilerplate", ("boilerplate",), "at the beginning or end "
                                            "of many documents", "raise `cleaning.boilerplate_share`"),
    Family("duplicates", ("duplicate_document", "near_duplicate_document", "duplicate", "near_duplicate"),
           "equal or nearly equal to earlier text",
           "remove the duplicate text from `sources:`, or raise `cleaning.near_duplicate`"),
    Family("contamination", ("contamination",), "shared with scoring data",
           "the text is in {where}: reduce `test:` and `dev:` there, or move unused files out of tasks/"),
)


def find_losses(sources: Sequence[str], read: Sequence[int], lost: Mapping[str, Sequence[int]],
                where: Mapping[str, str]) -> list[Loss]:
    """Return the nonzero losses per source and family, largest share first.

    Args:
        sources: their names.
        read: words of each.
        lost: rule -> words dropped from each source.
        where: source -> tasks and files with its contaminated text.
    """
    found = [Loss(source=source, rule=family.name, words=sum(int(lost[rule][number]) for rule in family.rules),
                  read=int(read[number]), where=where.get(source, "") if family.name == "contamination" else "")
             for number, source in enumerate(sources) for family in FAMILIES]
    return sorted((loss for loss in found if loss.words), key=lambda loss: (-loss.share, *loss.key))


def losses_of(report: Report) -> list[Loss]:
    """Return the losses in a report of ``corpus/clean``."""
    return report.read_result(CleanResult, "corpus/clean").losses


def large(losses: Iterable[Loss], share: float, accepted: Mapping[tuple[str, str], float]) -> list[Loss]:
    """Return unaccepted losses above ``share``.

    Args:
        losses: from ``find_losses``.
        share: of the words of a source.
        accepted: (source, rule) -> accepted share.
    """
    return [loss for loss in losses if loss.read >= LEAST_WORDS and loss.share > share
            and loss.share > accepted.get(loss.key, -1.0) + GROWTH]


def loss_gates(code: str, losses: Sequence[Loss], accepted: Mapping[tuple[str, str], float]) -> list[Gate]:
    """Return the gates ``losses_small``, which warns, and ``losses_accepted``, which blocks."""
    seen, stopped = large(losses, SEEN, accepted), large(losses, ACCEPTED, accepted)
    worst = max((loss.share for loss in losses if loss.read >= LEAST_WORDS), default=0.0)
    agreed = [f"{loss.rule} of {loss.source}" for loss in losses if loss.share > SEEN and loss.key in accepted]
    also = f"; accepted by a person: {', '.join(agreed)}" if agreed else ""
    most = f"no rule drops more than {worst:.0%} of a source" if not agreed else ("no other rule drops more than a "
                                                                                  "third")
    return [
        Gate(name="losses_small", passed=not seen, value=worst, threshold=SEEN,
             reason=" | ".join(_explained(code, loss) for loss in seen) if seen else f"{most}{also}"),
        Gate(name="losses_accepted", passed=not stopped, blocking=True, value=worst, threshold=ACCEPTED,
             reason=" | ".join(f"{_explained(code, loss)}. If the drop is right: {accept_command(code, loss)}"
                               for loss in stopped) if stopped
             else f"no rule drops more than half of a source without approval{also}")]


def _explained(code: str, loss: Loss) -> str:
    family = next(family for family in FAMILIES if family.name == loss.rule)
    remedy = family.remedy.format(code=code, source=loss.source, where=loss.where or "tasks/")
    return (f"{loss.rule} drops {loss.share:.0%} of {loss.source} ({loss.words:,} of {loss.read:,} words, "
            f"{family.taken}): {remedy}")


def accept_command(code: str, loss: Loss) -> str:
    """Return the command that accepts ``loss``."""
    return f"`vernacular accept {code} {loss.source} --rule {loss.rule} --reason \"...\"`"


def closing_lines(artifact: Artifact) -> list[str]:
    """Return three lines for a person: words read and kept, words dropped by rule, and the folder of rejects.

    Args:
        artifact: of ``corpus/clean``.
    """
    report = artifact.manifest.report
    read, kept = (int(report.counts[f"words_{name}"].value) for name in ("read", "kept"))
    taken: dict[str, int] = {}
    for loss in losses_of(report):
        taken[loss.rule] = taken.get(loss.rule, 0) + loss.words
    for name, counted in (("takedowns", "words_rejected_takedown"), ("masking of private data", "words_masked")):
        if report.counts[counted].value:
            taken[name] = int(report.counts[counted].value)
    ranked = sorted(taken.items(), key=lambda rule: (-rule[1], rule[0]))
    shown = [f"{rule} {words:,} ({_percent(words, read)})" for rule, words in ranked[:_SHOWN]]
    rest = sum(words for _, words in ranked[_SHOWN:])
    shown += [f"other rules {rest:,}"] if rest else []
    return [f"text: {read:,} words read, {kept:,} kept ({_percent(kept, read)})",
            f"words dropped: {', '.join(shown) or 'none'}",
            f"dropped lines with reasons: {artifact.folder / REJECTS}"]


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "0%"
