"""Source drift: quarantine new documents of a source that differ from its earlier ones.

The past of a source is stored below the artifact root as numbers and hashes with the ids of
admitted documents, without text. Profiles are compared in ``source_profile``; approvals are in
``approvals``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from vernacular.cleaning.approvals import accepted_ids
from vernacular.cleaning.source_profile import Profile, Summary, distance, new_phrases, profile, spell
from vernacular.config.cleaning import Poisoning
from vernacular.core.errors import Problem
from vernacular.core.store import canonical, write_atomically

__all__ = ["Profile", "Screening", "Summary", "judge", "profile", "quarantined_ids", "screen"]
_RENEW = 1.25  # recompute a profile after a quarter of growth: small additions cost little


@dataclass(frozen=True)
class Screening:
    """What was quarantined, and why.

    Attributes:
        quarantined: ids of quarantined documents.
        reasons: source -> what changed, in plain words.
        profiles: source -> measures of its baseline and of its new documents, for the report.
        replaced: sources that lost more than half of their documents to quarantined ones -> numbers
            of remaining and formerly admitted documents.
    """

    quarantined: frozenset[str] = frozenset()
    reasons: dict[str, list[str]] = field(default_factory=dict)
    profiles: dict[str, dict[str, float]] = field(default_factory=dict)
    replaced: dict[str, tuple[int, int]] = field(default_factory=dict)


def screen(summaries: Sequence[Summary], language_code: str, root: Path, folder: Path,
           settings: Poisoning) -> Screening:
    """Compare each source's new documents with its baseline, and quarantine those of changed sources.

    The first documents of a source are its baseline. Fewer new ones than ``least_documents`` are
    admitted but stay new, so that many small additions are judged together. The result depends on
    the documents, the baselines below ``root`` and the approvals; repeating it gives the same
    result, also after a kill.

    Args:
        summaries: of every document of every source, new or not.
        language_code: of the language.
        root: of the store, which contains the baselines.
        folder: of the language, which contains the approvals.
        settings: allowed changes.

    Raises:
        Problem: a baseline or the approvals cannot be read.
    """
    by_source: dict[str, list[Summary]] = defaultdict(list)
    for summary in summaries:
        by_source[summary.source].append(summary)
    accepted = accepted_ids(folder)
    result = Screening(profiles={})
    quarantined: set[str] = set()
    for source in sorted(by_source):
        path, documents = baseline_path(root, language_code, source), by_source[source]
        state = Baseline.read(path)
        if state is None:
            state = Baseline(frozenset(), 0, profile([]), frozenset()).grown(documents, documents)
        else:
            agreed = accepted.get(source, frozenset())
            state = state.grown([summary for summary in documents if summary.id in agreed], documents)
            new = [summary for summary in documents if summary.id not in state.ids]
            state = replace(state, quarantined=frozenset())
            if len(new) >= settings.least_documents:
                found = profile(new)
                result.profiles[source] = measures(state.profile, found)
                why = judge(state.profile, found, settings, partial(spell, summaries=new))
                if why:
                    state = replace(state, quarantined=frozenset(summary.id for summary in new))
                    result.reasons[source] = why
                    quarantined |= state.quarantined
                    left = len(documents) - len(new)
                    if 2 * left < state.present:
                        result.replaced[source] = (left, state.present)
                else:
                    state = state.grown(new, documents)
        if source not in result.reasons:
            state = replace(state, present=len(documents))
        state.write(path)
    return replace(result, quarantined=frozenset(quarantined))


def judge(baseline: Profile, new: Profile, settings: Poisoning, spell_out: Callable[[int], str] = str) -> list[str]:
    """Return the changes from ``baseline`` to ``new`` beyond ``settings``, in words with numbers.

    Args:
        baseline: profile of the source.
        new: profile of its new documents.
        settings: allowed changes.
        spell_out: returns the words of a phrase hash.
    """
    why = []
    if baseline.language_share - new.language_share > settings.language_drop:
        why.append(f"the share of lines in the language fell from {baseline.language_share:.0%} to "
                   f"{new.language_share:.0%}")
    change = distance(baseline, new)
    if change > settings.vocabulary_change:
        why.append(f"the words changed: Jensen-Shannon distance {change:.2f}; the limit is "
                   f"{settings.vocabulary_change:.2f}")
    if new.repeated_share - baseline.repeated_share > settings.duplicate_rise:
        why.append(f"the share of repeated lines rose from {baseline.repeated_share:.0%} to {new.repeated_share:.0%}")
    moved = change / settings.vocabulary_change if settings.vocabulary_change else 1.0
    planted = new_phrases(baseline, new, settings.trigger_share, moved)
    if planted:
        number = planted[0]
        before = baseline.phrases.get(number)
        was = f"in {before / baseline.documents:.1%} of the documents" if before else "in hardly any document"
        why.append(f"'{spell_out(number)}' was {was} before and is in {new.phrases[number] / new.documents:.1%} of the "
                   "new ones")
    return why


def measures(baseline: Profile, new: Profile) -> dict[str, float]:
    """Return the measures that compare two profiles, for a table."""
    return {"documents_before": baseline.documents, "documents_new": new.documents,
            "language_share_before": round(baseline.language_share, 4),
            "language_share_new": round(new.language_share, 4),
            "repeated_share_before": round(baseline.repeated_share, 4),
            "repeated_share_new": round(new.repeated_share, 4),
            "vocabulary_change": round(distance(baseline, new), 4)}


def baseline_path(root: Path, code: str, source: str) -> Path:
    """Return the path of a source's baseline."""
    return root / code / ".baseline" / f"{source}.json"


def quarantined_ids(root: Path, code: str, source: str) -> frozenset[str]:
    """Return the documents of a source that are quarantined since its last screening.

    Raises:
        Problem: the baseline cannot be read.
    """
    state = Baseline.read(baseline_path(root, code, source))
    return state.quarantined if state is not None else frozenset()


@dataclass(frozen=True)
class Baseline:
    """The admitted past of a source."""

    ids: frozenset[str]  # of admitted documents
    profiled: int  # their number when ``profile`` was computed
    profile: Profile  # their profile
    quarantined: frozenset[str]  # ids of quarantined documents
    present: int = 0  # number of documents when none was last quarantined; 0 in old files

    @classmethod
    def read(cls, path: Path) -> Baseline | None:
        """Read the baseline in ``path``; None if the source is new.

        Raises:
            Problem: it cannot be read.
        """
        if not path.is_file():
            return None
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            return cls(frozenset(data["ids"]), int(data["profiled"]), Profile.model_validate(data["profile"]),
                       frozenset(data["held"]), int(data.get("present", 0)))
        except (ValueError, KeyError, TypeError):
            raise Problem("the baseline of this source cannot be read", where=str(path), fix=(
                "Check the source's current content, then delete the file: "
                "that content becomes the baseline")) from None

    def grown(self, more: Sequence[Summary], documents: Sequence[Summary]) -> Baseline:
        """Return the baseline with ``more`` of the source's ``documents`` admitted."""
        ids = self.ids | {summary.id for summary in more}
        if ids and len(ids) >= _RENEW * self.profiled:
            grown = profile(summary for summary in documents if summary.id in ids)
            return replace(self, ids=ids, profiled=len(ids), profile=grown)
        return replace(self, ids=ids)

    def write(self, path: Path) -> None:
        """Write it to ``path`` atomically, if it changed."""
        text = canonical({"ids": sorted(self.ids), "profiled": self.profiled, "held": sorted(self.quarantined),
                          "present": self.present, "profile": self.profile.model_dump(mode="json")}) + "\n"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, text)
