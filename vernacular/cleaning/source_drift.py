"""Source drift: quarantine new documents of a source that differ from its earlier ones.

The past of a source is stored below the artifact root as numbers and hashes with the ids of
admitted documents, without text. Profiles are compared in ``source_profile``; approvals are in
``approvals``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from vernacular.cleaning.approvals import accepted_ids
from vernacular.cleaning.document_ids import contains, id_numbers, id_texts, union
from vernacular.cleaning.source_profile import Documents, Profile, distance, new_phrases, profile, spell
from vernacular.config.cleaning import Poisoning
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.store import canonical, write_atomically
from vernacular.text.word_hashes import U64, Ints

__all__ = ["Documents", "Profile", "Screening", "judge", "profile", "quarantined_ids", "screen"]
_IDS = ".npy"
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

    def waiting_of(self, documents: Documents) -> Ints:
        """The places of those of ``documents`` that are quarantined."""
        waiting = np.sort(id_numbers(pa.array(sorted(self.quarantined), pa.string())))
        return documents.where(partial(_among, documents, waiting)).places


def screen(by_source: Mapping[str, Documents], language_code: str, root: Path, folder: Path,
           settings: Poisoning) -> Screening:
    """Compare each source's new documents with its baseline, and quarantine those of changed sources.

    The first documents of a source are its baseline. Fewer new ones than ``least_documents`` are
    admitted but stay new, so that many small additions are judged together. The result depends on
    the documents, the baselines below ``root`` and the approvals; repeating it gives the same
    result, also after a kill.

    Args:
        by_source: every document of every source, new or not.
        language_code: of the language.
        root: of the store, which contains the baselines.
        folder: of the language, which contains the approvals.
        settings: allowed changes.

    Raises:
        Problem: a baseline or the approvals cannot be read.
    """
    accepted = accepted_ids(folder)
    result = Screening(profiles={})
    quarantined: set[str] = set()
    for source in sorted(by_source):
        path, documents = baseline_path(root, language_code, source), by_source[source]
        state = Baseline.read(path)
        if state is None:
            nothing = profile(replace(documents, places=documents.places[:0]))
            state = Baseline(np.zeros(0, np.uint64), 0, nothing, frozenset()).grown(documents, documents)
        else:
            agreed = np.sort(id_numbers(pa.array(sorted(accepted.get(source, ())), pa.string())))
            state = state.grown(documents.where(partial(_among, documents, agreed)), documents)
            new = documents.where(partial(_among, documents, state.ids, wanted=False))
            state = replace(state, quarantined=frozenset())
            if len(new) >= settings.least_documents:
                found = profile(new)
                result.profiles[source] = measures(state.profile, found)
                why = judge(state.profile, found, settings, partial(spell, documents=new))
                if why:
                    state = replace(state, quarantined=frozenset(id_texts(new.ids[new.places]).to_pylist()))
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


def _among(documents: Documents, ids: U64, places: Ints, wanted: bool = True) -> NDArray[np.bool_]:
    """Which of the documents at ``places`` have one of ``ids``, which rise; or which have not."""
    found: NDArray[np.bool_] = contains(ids, documents.ids[places]) == wanted
    return found


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
    """The admitted past of a source. Its file names another one, which holds the ids."""

    ids: U64  # numbers of the ids of admitted documents, which rise
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
            return cls(_read_ids(path.parent, data["ids"]), int(data["profiled"]),
                       Profile.model_validate(data["profile"]), frozenset(data["held"]), int(data.get("present", 0)))
        except (OSError, ValueError, KeyError, TypeError):
            raise Problem("the baseline of this source cannot be read", where=str(path), fix=(
                "Check the source's current content, then delete the file: "
                "that content becomes the baseline"), code=Code.SOURCE_DAMAGED) from None

    def grown(self, more: Documents, documents: Documents) -> Baseline:
        """Return the baseline with ``more`` of the source's ``documents`` admitted."""
        ids = union(self.ids, more.ids, more.places, more.folder)
        if len(ids) and len(ids) >= _RENEW * self.profiled:
            grown = profile(documents.where(partial(_among, documents, ids)))
            return replace(self, ids=ids, profiled=len(ids), profile=grown)
        return replace(self, ids=ids)

    def write(self, path: Path) -> None:
        """Write it to ``path`` atomically, if it changed."""
        path.parent.mkdir(parents=True, exist_ok=True)
        ids = path.parent / f"{path.stem}.{xxhash.xxh3_64_hexdigest(self.ids.data)}{_IDS}"
        if not ids.is_file():
            part = ids.with_suffix(".part")
            with part.open("wb") as stream:
                np.save(stream, self.ids)
            part.replace(ids)
        text = canonical({"ids": ids.name, "profiled": self.profiled, "held": sorted(self.quarantined),
                          "present": self.present, "profile": self.profile.model_dump(mode="json")}) + "\n"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_atomically(path, text)
        for old in path.parent.glob(f"{path.stem}.*{_IDS}"):
            if old != ids:
                old.unlink()


def _read_ids(folder: Path, ids: str | list[str]) -> U64:
    """The numbers of ids from the file of that name, or of ``ids``, as they were written before."""
    if isinstance(ids, list):
        return np.sort(id_numbers(pa.array(ids, pa.string())))
    if Path(ids).name != ids:
        raise ValueError(ids)
    found: U64 = np.load(folder / ids, mmap_mode="r", allow_pickle=False)
    if found.dtype != np.uint64 or found.ndim != 1:
        raise ValueError(ids)
    return found
