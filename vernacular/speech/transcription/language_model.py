"""The n-gram model of the language that decoding uses, its weights chosen on utterances that training did not hear."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vernacular.speech.model_code.speech_decoding import BeamSearch, CharacterModel, WordModel
from vernacular.speech.transcription.alphabet import Alphabet
from vernacular.speech.transcription.head_training import Scores

ORDER = 6
WORD_SHARE = 0.5  # of known words in the probability of a word, with `language_model: words`
WEIGHTS = (0.3, 0.5, 0.7, 0.9)
BONUSES = (0.0, 0.5, 1.0, 1.5)
_NARROW = 8  # width of the beam while weights are compared


def learn_characters(texts: Sequence[str], alphabet: Alphabet, order: int = ORDER) -> CharacterModel:
    """The n-gram model of the distinct ``texts``; characters that the model cannot write are left out."""
    lines = [alphabet.encode(text) for text in dict.fromkeys(texts)]
    return CharacterModel.learn([line for line in lines if line], order, len(alphabet))


def learn_words(texts: Sequence[str], alphabet: Alphabet, share: float) -> WordModel | None:
    """The model of the words of the distinct ``texts``; None for a writing without spaces."""
    if " " not in alphabet.symbols:
        return None
    lines = [alphabet.encode(text) for text in dict.fromkeys(texts)]
    return WordModel.learn([line for line in lines if line], alphabet.symbols.index(" "), share)


def choose_weights(model: CharacterModel, words: WordModel | None, scores: Sequence[Scores],
                   error_rate: Callable[[list[list[int]]], float]) -> BeamSearch:
    """The search whose weight and bonus give the lowest error rate: a line search over each in turn."""
    tried: dict[tuple[float, float], float] = {}

    def rate(weight: float, bonus: float) -> float:
        if (weight, bonus) not in tried:
            search = BeamSearch(model, weight, bonus, _NARROW, words=words)
            tried[weight, bonus] = error_rate([search.decode(one).symbols for one in scores])
        return tried[weight, bonus]

    weight, bonus = WEIGHTS[1], BONUSES[1]
    for _ in range(2):
        weight = min(WEIGHTS, key=lambda one: rate(one, bonus))
        bonus = min(BONUSES, key=lambda one: rate(weight, one))
    return BeamSearch(model, weight, bonus, words=words)
