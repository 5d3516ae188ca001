"""The weight of an external identifier's votes for one language, measured on its seed.

An identifier that knows the language votes for it on nearly every line of the seed. One that does not
know it gives the seed labels of other languages; then only the labels that the seed never gets count.
Both are log likelihood ratios: how much likelier a vote is for a line in the language than for one near
it. What is near comes from three sources: negatives spelled like the seed (``negatives``), on which
identifiers vote as on a relative that they do not know; contrast text; and, for every other label, the
assumption that its language may be a relative.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import langcodes
import numpy as np
from numpy.typing import NDArray

from vernacular.langid.classifier import text_array, words_of

Floats = NDArray[np.float64]
_SAME = 1  # langcodes distance up to which a label is the language itself, and not one that is written like it
_LABELS = 170  # that an identifier has, about: a label that the seed never got is one of so many
_SMOOTHING = 5.0  # lines: how little an unseen label counts
_RELATIVE = 0.25  # how likely a near line is in a relative unknown to an identifier that knows the language
_UNDECIDED = 0.4  # how likely an identifier is undecided about a near line in a language that it may not know
_OTHER = 0.02  # how likely it labels one in a language that it knows as this language
_NEAR_LABELS = 0.5  # how likely it labels a near line as one of the other languages
_UNSEEN = 0.05  # how often, beside those, one gets a label that neither the seed nor negatives got
_LEAST_KNOWN = 0.5  # share of the seed with the language's own label, for an identifier that knows it
_LEAST_LINES = 30  # to measure how sure an identifier is
_LOWEST, _HIGHEST, _HIGHEST_UNKNOWN = -4.0, 3.0, 0.3
_SURETY = 0.5  # weight: other text is judged less surely than the seed's
_LEAST_SURETY, _MOST_SURETY, _MOST_SURETY_UNKNOWN = -1.0, 1.0, 0.5  # bounds of what it counts
# Spreads above the seed's median, and the most that counts: a line surer than that of another language's label is in
# that language.
_TOO_SURE, _MOST_TOO_SURE = 2.0, 3.0


@dataclass(frozen=True)
class Votes:
    """The votes of one identifier on lines."""

    labels: list[str]  # a language each, in the identifier's codes; empty where it is undecided
    surety: Floats  # how sure it is, on its own scale, shape ``(lines,)``

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def joined(cls, votes: Sequence[Votes]) -> Votes:
        """Return all of ``votes`` in a row."""
        return cls([label for part in votes for label in part.labels],
                   np.concatenate([np.zeros(0), *(part.surety for part in votes)]))


@dataclass(frozen=True)
class VoteModel:
    """The weight of one identifier's votes for the language."""

    label: str  # the label that the seed gets most; empty if the identifier is mostly undecided
    share: float  # of the seed's lines with that label
    knows: bool  # whether that label is the language
    evidence: dict[str, float]  # label -> log likelihood ratio
    unseen: float  # the same of all other labels
    # median and spread of the surety of ``label`` on the seed, and on near lines; empty where not measured
    surety: tuple[float, ...]

    @classmethod
    def measure(cls, code: str, seed: Votes, negatives: Votes, contrast: Mapping[str, Votes]) -> VoteModel:
        """Measure an identifier.

        Args:
            code: of the language.
            seed: its votes on lines known to be in the language.
            negatives: its votes on lines spelled like the seed.
            contrast: language code -> its votes on lines in that language.
        """
        own, invented = Counter(seed.labels), Counter(negatives.labels)
        label = min(own, key=lambda name: (-own[name], name))
        share = own[label] / len(seed)
        knows = share >= _LEAST_KNOWN and _same(code, label)
        near = _near(own, invented, label, knows, contrast)
        evidence = {name: float(np.clip(np.log(_smooth(own, name) / chance), _LOWEST,
                                        _HIGHEST if knows else _HIGHEST_UNKNOWN))
                    for name, chance in near.items()}
        rest = float(np.log(_smooth(own, "unseen label") / (_NEAR_LABELS * _rest(own, invented, label) / _LABELS)))
        return cls(label, share, knows, evidence, float(np.clip(rest, _LOWEST, 0.0)),
                   _surety(label, seed, Votes.joined([negatives, *contrast.values()])))

    def arrays(self, name: str) -> dict[str, NDArray[np.generic]]:
        """Return the model as named arrays, to be stored."""
        return {f"{name}.label": text_array([self.label]), f"{name}.labels": text_array(self.evidence),
                f"{name}.evidence": np.array([*self.evidence.values(), self.unseen]),
                f"{name}.measures": np.array([self.share, self.knows, *self.surety])}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[np.generic]], name: str) -> VoteModel:
        """Return the model that ``arrays(name)`` stored."""
        *evidence, unseen = arrays[f"{name}.evidence"].astype(np.float64).tolist()
        share, knows, *surety = arrays[f"{name}.measures"].astype(np.float64).tolist()
        labels = arrays[f"{name}.labels"].tobytes().decode().split("\n")
        return cls("".join(words_of(arrays[f"{name}.label"])), share, bool(knows),
                   dict(zip(labels, evidence, strict=True)), unseen, tuple(surety))

    def weigh(self, votes: Votes) -> Floats:
        """Return the log likelihood ratio of each vote, shape ``(len(votes),)``."""
        found = np.array([self.evidence.get(label, self.unseen) for label in votes.labels], np.float64)
        if self.surety:
            own, spread, near, near_spread = self.surety
            at = np.flatnonzero([label == self.label for label in votes.labels])
            surety = votes.surety[at]
            if own > near:
                slope = (own - near) / ((spread + near_spread) / 2) ** 2
                found[at] += np.clip(_SURETY * slope * (np.minimum(surety, own) - (own + near) / 2), _LEAST_SURETY,
                                     _MOST_SURETY if self.knows else _MOST_SURETY_UNKNOWN)
            if not self.knows:
                found[at] -= np.clip((surety - own) / spread - _TOO_SURE, 0, _MOST_TOO_SURE)
        return found


def _same(code: str, label: str) -> bool:
    """Return whether a label is a language's own and not that of a group with its relatives."""
    try:
        return bool(label) and min(langcodes.tag_distance(code, label), langcodes.tag_distance(label, code)) <= _SAME
    except ValueError:
        return code == label


def _smooth(counts: Counter[str], label: str) -> float:
    return (counts[label] + _SMOOTHING / _LABELS) / (counts.total() + _SMOOTHING)


def _shares(own: Counter[str], invented: Counter[str], label: str) -> tuple[dict[str, float], float]:
    """Return how much each other label occurs on seed and negatives, and the sum with a rest for unseen ones."""
    shares = {name: own[name] / own.total() + invented[name] / max(invented.total(), 1)
              for name in sorted({*own, *invented} - {"", label})}
    return shares, sum(shares.values()) + _UNSEEN


def _rest(own: Counter[str], invented: Counter[str], label: str) -> float:
    return _UNSEEN / _shares(own, invented, label)[1]


def _near(own: Counter[str], invented: Counter[str], label: str, knows: bool,
          contrast: Mapping[str, Votes]) -> dict[str, float]:
    """Return label -> how likely a near line gets it."""
    shares, total = _shares(own, invented, label)
    found = {name: _NEAR_LABELS * share / total for name, share in shares.items()}
    relative = _RELATIVE if knows else 1.0
    for name, rest in {"": _UNDECIDED, label: _UNDECIDED if label == "" else _OTHER}.items():
        weight = _RELATIVE if name == "" and label != "" and knows else relative
        found[name] = weight * (invented[name] + _SMOOTHING) / (invented.total() + _SMOOTHING) + (1 - weight) * rest
    for votes in contrast.values():
        for name, lines in Counter(votes.labels).items():
            found[name] = max(found.get(name, 0.0), lines / len(votes))
    return found


def _surety(label: str, seed: Votes, near: Votes) -> tuple[float, ...]:
    own, other = (votes.surety[np.flatnonzero([name == label for name in votes.labels])] for votes in (seed, near))
    if not label or len(own) < _LEAST_LINES:
        return ()
    middle, spread = _middle(own)
    near_middle, near_spread = _middle(other) if len(other) >= _LEAST_LINES else (middle - 2 * spread, spread)
    return middle, spread, near_middle, max(near_spread, spread / 2)


def _middle(values: Floats) -> tuple[float, float]:
    """Return the median, and half of the distance between the quantiles one standard deviation from it."""
    low, middle, high = (float(value) for value in np.quantile(values, [0.16, 0.5, 0.84]))
    return middle, max((high - low) / 2, 1e-6)
