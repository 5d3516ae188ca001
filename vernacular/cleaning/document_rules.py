"""The rules for single documents: which lines are kept, in which form, and hashes to compare them by.

This module has the order of these rules; each rule is in its own module, and rules that compare documents are in
``corpus_rules``. The output depends only on the document and the settings, so it can be cached (``cache``) and
computed in any process (``workers``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from vernacular.cleaning import line_filters as filters
from vernacular.cleaning.cache import batch_of, lists_of
from vernacular.cleaning.decontamination import HeldOut
from vernacular.cleaning.features import Change, record, record_changes
from vernacular.cleaning.mixed_lines import PartlyForeign, no_parts
from vernacular.config.stage_settings import CleanSettings
from vernacular.langid import Identifier, load_identifier
from vernacular.langid import learned_thresholds as thresholds
from vernacular.langid.document_rule import MARGIN, DocumentRule, load_rules
from vernacular.langid.external import Rejecter, judge, open_rejecters
from vernacular.text import scripts
from vernacular.text.codepoints import Batch
from vernacular.text.line_batch import Lines
from vernacular.text.normalization import normalise, repair
from vernacular.text.pii import compiled, redact
from vernacular.text.spelling import Speller
from vernacular.text.word_hashes import Ints, offsets

KINDS = ("encoding", "normalise", "orthography")  # of changes
TELLING_WORDS = 4  # a shorter line is too short to identify its language
_MASK = re.compile(r"<[a-z][a-z0-9_]*>")  # what ``redact`` leaves
_MOST_LOGIT = 2.2  # most that the other lines of a document count for, as a logit: 9 to 1
_SURE = 0.9  # a line of at least this probability stays, whatever its document is
_LEAST = 0.0001  # smallest probability that differs from 0
_MUCH = 500_000  # bytes of documents of which so many lines are in doubt that all models are needed

RULES_VERSION = "5"  # raised when what a rule on single documents gives changes; a test holds the outputs


def maker(spec: Mapping[str, Any]) -> Chain:
    """Return the rules for ``spec``: settings of ``corpus/clean``, folder of the identifier, file of held-out items."""
    settings = CleanSettings.model_validate(spec["settings"])
    folder = Path(spec["identifier"])
    limits = folder / "thresholds.json"
    return Chain(settings, load_identifier(folder), HeldOut.load(Path(spec["held"])),
                 thresholds.Thresholds.from_dict(orjson.loads(limits.read_bytes())) if limits.is_file()
                 else thresholds.Thresholds(), PartlyForeign.load(folder, settings),
                 load_rules(folder, settings.decide_by))


class Chain:
    """The rules for single documents, ready to be applied to batches of rows.

    Args:
        settings: thresholds, and what the language is.
        identifier: learned from the seed; None where there is none.
        held_out: task items and behavior texts, which no kept line may share.
        limits: learned from the seed.
        partly: finds parts of lines in other languages; None where there is no seed.
        by_document: recognize documents in near relatives, which lines do not separate from the language.
    """

    def __init__(self, settings: CleanSettings, identifier: Identifier | None, held_out: HeldOut,
                 limits: thresholds.Thresholds, partly: PartlyForeign | None = None,
                 by_document: Sequence[DocumentRule] = ()) -> None:
        self._settings, self._cleaning = settings, settings.cleaning
        self._identifier, self._held_out, self._limits = identifier, held_out, limits
        self._partly, self._by_document = partly, by_document
        self._speller = Speller(settings.cleaning.orthography, settings.script)
        self._knows_script = scripts.knows_script(settings.script)
        self._patterns = compiled(settings.cleaning.private_patterns)
        self._opening: Future[list[Rejecter]] | None = None  # their models take a third of a second to load

    def __call__(self, documents: pa.Table) -> pa.RecordBatch:
        """The table of a batch of documents: see ``cache``. Its levels are those of ``record`` and ``scores``."""
        if self._opening is None and documents.nbytes > _MUCH:  # beside other work
            self._opening = ThreadPoolExecutor(1).submit(_loaded_rejecters, self._settings)
        parts = [text.split("\n") for text in documents["text"].to_pylist()]
        read = np.fromiter(map(len, parts), dtype=np.int64, count=len(parts))
        numbers = np.arange(read.sum(), dtype=np.int64) - np.repeat(offsets(read)[:-1], read) + 1
        table: dict[str, NDArray[Any] | pa.Array] = {"read_lines": read.astype(np.uint32)}
        changes: list[list[Change]] = [[] for _ in parts]

        lines = Lines([line for part in parts for line in part], np.repeat(np.arange(len(parts)), read), numbers)
        self._repair(lines, table, changes)
        words = Batch(lines.texts).word_counts
        every = lines.at  # what was read: lines with anything in them
        table["read_words"] = np.bincount(lines.owner, words, len(parts)).astype(np.uint32)
        counts = np.zeros(len(numbers), dtype=np.uint32)
        counts[every] = words

        script, cleaning = self._settings.script, self._cleaning
        lines.drop(filters.damaged(lines.texts), "encoding")
        lines.drop(filters.empty(lines.texts), "empty")
        lettered = np.bincount(lines.owner, counts[lines.at], len(parts))
        if self._knows_script:
            lines.drop(scripts.other_script(lines.texts, script, cleaning.script_share), "script")
        lines.drop(filters.short(lines.texts, cleaning.min_words), "short")
        first = cleaning.mixed_lines == "cut"  # what is left is identified
        if first:
            self._find_parts(lines, counts, changes, table)
            lettered -= np.asarray(table["words_cut"])
        self._identify(lines, counts, lettered, table)
        if not first:
            self._find_parts(lines, counts, changes, table)
        lines.drop(filters.repetitive(lines.texts, cleaning.max_repeats), "repetition")
        lines.drop(thresholds.judge(lines.texts, self._limits), "thresholds")
        columns = {name: documents[name].to_pylist() for name in ("path", "whole", "flags")}
        kept = record(lines, columns, counts, self._masked, self._held_out, cleaning.near_duplicate)
        return batch_of({**table, **kept, "changes": record_changes(changes, self._masked)})

    def _find_parts(self, lines: Lines, counts: NDArray[np.uint32], changes: list[list[Change]],
                    table: dict[str, NDArray[Any] | pa.Array]) -> None:
        table |= no_parts(len(changes)) if self._partly is None else self._partly.apply(lines, counts, changes)

    def _repair(self, lines: Lines, table: dict[str, NDArray[Any] | pa.Array], changes: list[list[Change]]) -> None:
        """Repair, normalise and spell; drop what has nothing in it; note what changed."""
        before = lines.texts
        repaired, repaired_lines = repair(before)
        normal = normalise(repaired)
        spelled, spellings = self._speller.apply(normal)
        touched = {"encoding": list(repaired_lines),
                   "normalise": [index for index, (one, other) in enumerate(zip(repaired, normal, strict=True))
                                 if one is not other and one != other],
                   "orthography": sorted({change.line for change in spellings})}
        for kind in KINDS:
            table[f"changed_{kind}"] = np.bincount(lines.owner[touched[kind]], minlength=len(changes)).astype(
                np.uint32)
        owner, number = lines.owner.tolist(), lines.all_numbers.tolist()
        for index, text in repaired_lines.items():
            changes[owner[index]].append(Change(number[index], "encoding", None, text, repaired[index]))
        for change in spellings:
            changes[owner[change.line]].append(Change(number[change.line], change.rule, change.offset, change.before,
                                                      change.after))
        for found in changes:
            found.sort(key=lambda change: change.line)
        lines.texts = spelled
        lines.drop({index: "" for index, line in enumerate(spelled) if not line}, None)

    def _identify(self, lines: Lines, counts: NDArray[np.uint32], lettered: NDArray[Any],
                  table: dict[str, NDArray[Any] | pa.Array]) -> None:
        """Drop lines, and documents that consist of such lines, that are in another language."""
        documents, owner, words = len(lettered), lines.owner, counts[lines.at]
        telling = words >= TELLING_WORDS
        relatives: dict[int, str] = {}
        scores = np.zeros(0, dtype=np.float64)
        if self._identifier is None:
            found = self._asked(lines, np.flatnonzero(telling))
            foreign = list(found)
        else:
            threshold, bare = self._identifier.threshold, self._bare(lines.texts)
            long = np.flatnonzero(telling)
            # Rounded, so that a sum in another order, as batches of other sizes have it, makes no difference.
            alone = self._identifier.scores([bare[index] for index in long.tolist()]).astype(np.float64).round(4)
            scores = self._scores(self._identifier, bare, owner, words, telling, alone)
            relatives = self._relatives(alone, owner[long], documents)
            refused = np.flatnonzero(scores < threshold)
            found = {index: f"probability {scores[index]:.2f}, less than {threshold:.2f}" for index in refused.tolist()}
            asked = self._asked(lines, np.flatnonzero(telling & (scores >= threshold)
                                                      & (scores < self._identifier.doubt)))
            surely = self._identifier.foreign([bare[index] for index in refused.tolist()])
            foreign = [*refused[surely].tolist(), *asked]
            found |= asked
        table["language_lines"] = (np.bincount(owner, minlength=documents) - np.bincount(
            owner[foreign], minlength=documents)).astype(np.uint32)
        table["scores"] = lists_of(np.bincount(owner, minlength=documents) if len(scores)
                                   else np.zeros(documents, dtype=np.int64),
                                   np.clip(scores * 100, 0, 99).astype(np.uint8))
        before = lines.texts, lines.at
        lines.drop(dict(sorted(found.items())), "identification")
        share = np.bincount(lines.owner, counts[lines.at], documents) / np.maximum(lettered, 1)
        if self._partly is not None and len(scores):
            indices = np.array(sorted(found), dtype=np.int64)
            lines.kinds[before[1][indices]] = self._partly.refused.kinds(
                [before[0][index] for index in indices.tolist()], scores[indices].tolist(),
                share[owner[indices]].tolist(), set(np.flatnonzero(np.isin(indices, foreign)).tolist()))
        other = share < self._settings.document_share
        lines.drop({index: relatives[of] for index, of in enumerate(lines.owner.tolist()) if of in relatives},
                   "document_identification")
        sure = np.isin(lines.at, before[1][scores >= _SURE] if len(scores) else [])
        lines.drop({index: f"{share[of]:.0%} of the words of its document are in lines of the language, less than "
                           f"{self._settings.document_share:.0%}"
                    for index, of in enumerate(lines.owner.tolist()) if other[of] and not sure[index]},
                   "document_identification")

    def _relatives(self, alone: NDArray[np.float64], of: Ints, documents: int) -> dict[int, str]:
        """Documents that as a whole are in a near relative, and why; ``alone``: of each line by itself."""
        found: dict[int, str] = {}
        for rule in self._by_document:
            odds = rule.log_odds(alone, of, documents)
            found |= {number: f"as a whole, its document is in {rule.code} (log odds {-odds[number]:.1f})"
                      for number in np.flatnonzero(odds < -MARGIN).tolist()}
        return found

    @staticmethod
    def _scores(identifier: Identifier, texts: Sequence[str], owner: Ints, words: NDArray[np.uint32],
                telling: NDArray[np.bool_], alone: NDArray[np.float64]) -> NDArray[np.float64]:
        """The probability of each line, in the light of the other lines of its document.

        A document is mostly in one language, so the odds of its other lines are multiplied with those of a line (naive
        Bayes), within bounds: a doubtful line among good ones is likely good, and a line that is surely in another
        language stays so. The others count against a line only if most of them are in another language: one quotation
        does not. Lines too short to identify get the mean of the document, weighted by words; where a document
        has no longer line, its lines are taken together. ``alone``: probabilities of ``telling`` lines by themselves.
        """
        scores = np.zeros(len(texts))
        long = np.flatnonzero(telling)
        documents, of = int(owner.max(initial=-1)) + 1, owner[long]
        logits = np.log(np.maximum(alone, _LEAST) / np.maximum(1 - alone, _LEAST))
        bounded = np.clip(logits, -_MOST_LOGIT, _MOST_LOGIT)
        others = np.bincount(of, bounded, documents)[of] - bounded
        accepted = alone >= identifier.threshold
        most = 2 * (np.bincount(of, accepted, documents)[of] - accepted) > np.bincount(of, minlength=documents)[of] - 1
        others = np.where(most, np.maximum(others, 0), others)
        scores[long] = 1 / (1 + np.exp(-logits - np.clip(others, -_MOST_LOGIT, _MOST_LOGIT)))
        weights = np.bincount(of, words[long], documents)
        means = np.bincount(of, words[long] * scores[long], documents) / np.maximum(weights, 1)
        without = np.unique(owner[weights[owner] == 0])
        if len(without):
            firsts, lasts = np.searchsorted(owner, without), np.searchsorted(owner, without, side="right")
            joined = [" ".join(texts[first:last]) for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True)]
            means[without] = identifier.scores(joined)
        scores[~telling] = means[owner[~telling]]
        return np.round(scores, 4)

    def _asked(self, lines: Lines, indices: Ints) -> dict[int, str]:
        """Why further identifiers reject some of these lines."""
        if not len(indices):
            return {}
        if self._opening is None:
            self._opening = Future()
            self._opening.set_result(open_rejecters(self._settings.rejecters, self._settings))
        reasons = judge(self._opening.result(), self._bare([lines.texts[index] for index in indices.tolist()]))
        return {index: reason for index, reason in zip(indices.tolist(), reasons, strict=True) if reason is not None}

    def _bare(self, texts: list[str]) -> list[str]:
        """``texts`` without addresses and numbers, which are in no language."""
        return [text if text is masked else _MASK.sub(" ", masked)
                for text, masked in zip(texts, redact(texts, Counter(), self._patterns), strict=True)]

    def _masked(self, texts: list[str], counter: Counter[str]) -> list[str]:
        return redact(texts, counter, self._patterns) if self._cleaning.private_data else texts


def _loaded_rejecters(settings: CleanSettings) -> list[Rejecter]:
    rejecters = open_rejecters(settings.rejecters, settings)
    for rejecter in rejecters:
        rejecter.load()
    return rejecters
