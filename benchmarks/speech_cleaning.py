"""What the rules of ``speech/clean`` and the check of transcripts take of good recordings, and find of bad ones.

Recordings of Mboshi and East Tusom, damaged on purpose; the tables of docs/experiments/speech-cleaning.md.
"""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.registry import DATA, Row, figure, need
from benchmarks.speech_damage import COPIES, SOUNDS, cut, cyrillic, no_letters
from vernacular.catalog import stages_of
from vernacular.config.load import load_language
from vernacular.core.store import Store
from vernacular.pipeline.stage import run_stage
from vernacular.speech.cleaning.measures import Measures, measure, measure_all
from vernacular.speech.cleaning.rules import Reject, clean_utterances
from vernacular.speech.cleaning.settings import SpeechCleanSettings
from vernacular.speech.cleaning.transcripts import comparable
from vernacular.speech.cleaning.voice_activity import VoiceActivity
from vernacular.speech.transcription.alignment import BUDGET, align, find_suspects
from vernacular.speech.transcription.alphabet import Alphabet
from vernacular.speech.transcription.encoders import base_encoder
from vernacular.speech.transcription.frozen_method import FrozenMethod
from vernacular.speech.transcription.head_training import Budget, HeadSettings
from vernacular.speech.transcription.parts import carved
from vernacular.speech.transcription.scoring import character_error_rate
from vernacular.speech.transcription.sounds import sounds_of
from vernacular.speech.transcription.state_cache import compute_states
from vernacular.speech.utterance import Samples, Utterance, load_audio, read_utterances

_LANGUAGES = Path(__file__).parents[1] / "languages"
_CODES = {"mdw": ("mboshi", 50), "x-tusom": ("tusom", 80)}  # folder of the data, utterances with damaged sound
_TEXTS = 200  # transcripts without Latin letters
_SWAPPED, _FOREIGN, _CUT = 0.19, 0.05, 0.05  # shares of the training part with damaged transcripts
_SEEDS = (1, 2)
_STEPS = 300  # of a training that shows the effect on error rates
_HEAD = HeadSettings(rate=4e-3, batch=1200, looks=2)


@dataclass(frozen=True)
class Corpus:
    """The recordings of a language, with measures of their sound."""

    recordings: Path
    utterances: list[Utterance]
    measures: list[Measures]
    settings: SpeechCleanSettings

    def clean(self, sounds: Mapping[str, Samples], voice: VoiceActivity, texts: Mapping[str, str],
              copies: Sequence[Utterance] = ()) -> tuple[list[Utterance], list[Reject]]:
        """Clean with other sounds and transcripts, by id, and with ``copies``, which ``sounds`` has."""
        utterances = [*(replace(one, text=texts.get(one.id, one.text)) for one in self.utterances), *copies]
        known = dict(zip((one.id for one in self.utterances), self.measures, strict=True))
        measures = [measure(sounds[one.id], voice) if one.id in sounds else known[one.id] for one in utterances]

        def load(one: Utterance) -> Samples:
            return sounds[one.id][one.start_sample or 0:one.end_sample] if one.id in sounds else load_audio(
                self.recordings, one)

        return clean_utterances(utterances, measures, self.settings, load)


@figure
def speech_cleaning_rules() -> Iterator[Row]:
    """What cleaning drops of real recordings, and finds of planted damage.

    The limits of noise, clipping and copies were chosen on these recordings.
    """
    voice = VoiceActivity()
    for code, (name, count) in _CODES.items():
        with tempfile.TemporaryDirectory() as place:
            corpus = _corpus(code, name, Path(place))
            kept, rejects = corpus.clean({}, voice, {})
            lost = 1 - sum(bool(one.text) for one in kept) / sum(bool(one.text) for one in corpus.utterances)
            yield Row(f"speech_cleaning_lost_{code}", lost, "share", details=dict(Counter(
                one.rule for one in rejects)))
            good = [one for one in kept if one.text]
            yield from _damaged_sounds(code, corpus, voice, good, count)
            yield from _damaged_texts(code, corpus, voice, good)


@figure
def speech_cleaning_alignment() -> Iterator[Row]:
    """Wrong transcripts found by lengths alone, and with models that did not learn from them; good ones that are lost.

    The limit of ranks is chosen for each corpus from its own ranks, without knowing what was planted.
    """
    voice = VoiceActivity()
    for code, (name, _) in _CODES.items():
        with tempfile.TemporaryDirectory() as place:
            corpus = _corpus(code, name, Path(place))
            train = [one for one in corpus.clean({}, voice, {})[0] if one.text and one.split == "train"]
            method = _method(code, corpus, train, Path(place))
            foreign = _texts("x-tusom" if code == "mdw" else "mdw")
            for seed, planted in ((_SEEDS[0], {}), *((seed, _planted(train, foreign, seed)) for seed in _SEEDS)):
                yield from _aligned(code, corpus, voice, train, method, planted, seed)


@figure
def speech_cleaning_error_rate() -> Iterator[Row]:
    """The character error rate of Mboshi's dev part with a fifth of the transcripts swapped, and without suspects."""
    with tempfile.TemporaryDirectory() as place:
        corpus, silent = _corpus("mdw", "mboshi", Path(place)), lambda line: None
        kept = [one for one in corpus.clean({}, VoiceActivity(), {})[0] if one.text]
        train, dev = ([one for one in kept if one.split == part] for part in ("train", "dev"))
        method = _method("mdw", corpus, kept, Path(place))
        planted = {identity: text for identity, (kind, text) in _planted(train, [""], 1).items()
                   if kind == "another utterance"}
        wrong = [replace(one, text=planted.get(one.id, one.text)) for one in train]
        suspect = find_suspects(align(method, wrong, BUDGET, 1, silent))[1]
        rest = [one for one, is_suspect in zip(wrong, suspect, strict=True) if not is_suspect]
        for name, some in (("good", train), ("swapped", wrong), ("without_suspects", rest)):
            parts = carved(some, dev)
            model = method.train(parts.train, parts.choose, Alphabet.of(one.text for one in some), Budget(_STEPS), 1,
                                 silent)
            rate = character_error_rate([one.text for one in dev], [model.text(one) for one in dev])
            yield Row(f"speech_cleaning_error_rate_{name}", rate, "share", details={"transcripts": len(some)})


def _corpus(code: str, name: str, place: Path) -> Corpus:
    need(DATA / name)
    language = load_language(_LANGUAGES / code)
    assert language.speech is not None
    recordings = run_stage(stages_of(language)["speech/recordings"], language, Store(place)).folder
    utterances = read_utterances(recordings)
    return Corpus(recordings, utterances, measure_all(recordings, utterances, place / "measures", lambda line: None),
                  SpeechCleanSettings(cleaning=language.speech.cleaning, orthography=language.cleaning.orthography,
                                      script=language.script, script_share=language.cleaning.script_share))


def _method(code: str, corpus: Corpus, utterances: Sequence[Utterance], place: Path) -> FrozenMethod:
    base = need(_LANGUAGES / code / "whisper_tiny")
    sounds = [*sounds_of(utterances, [], corpus.recordings)]
    return FrozenMethod(compute_states(base_encoder(base), sounds, place / "states", lambda line: None), _HEAD)


def _texts(code: str) -> list[str]:
    with need(DATA / _CODES[code][0] / "index.tsv").open(encoding="utf-8", newline="") as stream:
        return [row["text"] for row in csv.DictReader(stream, delimiter="\t") if row["text"]]


def _damaged_sounds(code: str, corpus: Corpus, voice: VoiceActivity, good: Sequence[Utterance], count: int
                    ) -> Iterator[Row]:
    random = np.random.default_rng(1)
    chosen = [good[row] for row in random.permutation(len(good))[:count]]
    whole = {one.id: load_audio(corpus.recordings, replace(one, start_sample=None, end_sample=None)) for one in chosen}
    for name, damage in SOUNDS.items():
        rejects = corpus.clean({one: damage(sound, random) for one, sound in whole.items()}, voice, {})[1]
        yield _found(code, name, [*whole], rejects)
    known = {one.id: one for one in corpus.utterances}
    for name, copied in COPIES.items():
        copies = [replace(known[one.id], id="c" * 8 + one.id[8:], text="") for one in chosen]
        sounds = {copy.id: copied(whole[one.id]) for copy, one in zip(copies, chosen, strict=True)}
        rejects = [one for one in corpus.clean(sounds, voice, {}, copies)[1] if one.rule == "duplicate"]
        yield _found(code, f"copy, {name}", [*sounds], rejects)


def _damaged_texts(code: str, corpus: Corpus, voice: VoiceActivity, good: Sequence[Utterance]) -> Iterator[Row]:
    random = np.random.default_rng(1)
    chosen = [good[row] for row in random.permutation(len(good))[:_TEXTS]]
    for name, damage in (("no letters", no_letters), ("Cyrillic letters", cyrillic)):
        texts = {one.id: damage(one.text) for one in chosen}
        yield _found(code, name, [*texts], corpus.clean({}, voice, texts)[1])


def _found(code: str, name: str, planted: Sequence[str], rejects: Sequence[Reject]) -> Row:
    rules = Counter(one.rule for one in rejects if one.id in {*planted})
    words = "_".join("".join(letter if letter.isalnum() else " " for letter in name.lower()).split())
    return Row(f"speech_cleaning_found_{code}_{words}", rules.total() / len(planted), "share",
               details={"planted": len(planted), **rules})


Planted = dict[str, tuple[str, str]]  # id -> kind, transcript


def _planted(train: Sequence[Utterance], foreign: Sequence[str], seed: int) -> Planted:
    """Swap transcripts, take some of the other language, and cut some."""
    random = np.random.default_rng(seed)
    rows = random.permutation(len(train)).tolist()
    ends = [round(share * len(train)) for share in (_SWAPPED, _SWAPPED + _FOREIGN, _SWAPPED + _FOREIGN + _CUT)]
    swapped, others, shortened = rows[:ends[0]], rows[ends[0]:ends[1]], rows[ends[1]:ends[2]]
    pairs = [(train[own], train[other].text) for own, other in zip(swapped, np.roll(swapped, 1), strict=True)]
    return {**{one.id: ("another utterance", text) for one, text in pairs if comparable(text) != comparable(one.text)},
            **{train[row].id: ("the other language", foreign[random.integers(len(foreign))]) for row in others},
            **{train[row].id: ("cut after 40%", cut(train[row].text)) for row in shortened}}


def _aligned(code: str, corpus: Corpus, voice: VoiceActivity, train: Sequence[Utterance], method: FrozenMethod,
             planted: Planted, seed: int) -> Iterator[Row]:
    texts = {identity: text for identity, (_, text) in planted.items()}
    cleaned, rejects = corpus.clean({}, voice, texts)
    by_length = {one.id for one in rejects}
    ids = {one.id for one in train}
    left = [one for one in cleaned if one.id in ids and one.text]
    found = align(method, left, BUDGET, seed, lambda line: None)
    judged, suspect = find_suspects(found)
    suspects = {one.id for one, is_suspect in zip(left, suspect, strict=True) if is_suspect}
    details = {"limit": judged.limit, "wrong, estimated": round(judged.wrong, 3), "checked": len(left)}
    good = [one.id for one in train if one.id not in planted]
    kinds = sorted({kind for kind, _ in planted.values()})
    for kind, own in [*((kind, [one for one in planted if planted[one][0] == kind]) for kind in kinds),
                      ("good beside them" if kinds else "good", good)]:
        words = "_".join("".join(letter if letter.isalnum() else " " for letter in kind.lower()).split())
        before, after = (_share(own, some) for some in (by_length, by_length | suspects))
        yield Row(f"speech_cleaning_alignment_{code}_{words}", after, "share", reference=before, seed=seed,
                  details={"transcripts": len(own), **details})


def _share(own: Sequence[str], found: set[str]) -> float:
    return float(np.mean([one in found for one in own]))
