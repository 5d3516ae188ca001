"""The rules, a function each: a ``Remark`` where the case is there, else None. They are pure: numbers in, words out."""

from __future__ import annotations

import math
from collections.abc import Sequence

from vernacular.config.schema import Model
from vernacular.core.report import Remark

PAGE = "docs/experiments/when-it-pays.md"
# Least words of training text from which new tokens were measured to gain: docs/experiments/new-tokens-likelihood.md.
PAYING_WORDS = 60_000
# Least new tokens for which RECIPE 0.1 has a recommendation (Yamaguchi 2406.11477: 50 or 100 for 30,000 sentences).
PAYING_TOKENS = 50
# Passes with which new tokens still gained nothing, and gained (docs/experiments/names-and-parts-of-speech.md).
USELESS_PASSES, PAYING_PASSES = 1.8, 2.8
PAYING_STEPS = 60  # with translations: the fewest that were measured (docs/experiments/translations.md)
PAYING_PAIRS = 5_000  # the fewest that were measured (docs/experiments/translations.md)
PAYING_LABELS = 100  # the fewest that were measured (docs/experiments/chichewa.md)
FEWEST_DEV, FEWEST_TEST = 30, 100
_SAME_SIDES = 0.1
_LOST_MARKS = 0.005  # share of words: fewer are foreign names


def few_new_tokens(name: str, model: Model, words: float, new_tokens: float | None,
                   saved: float | None) -> Remark | None:
    """New tokens that cannot gain: too little text for them, or hardly any that earned a place.

    Args:
        name: of the model.
        model: its settings.
        words: of the training text.
        new_tokens: that were added; None before it is known.
        saved: share of the tokens of the text that they save; None before it is known.
    """
    if not model.vocabulary.new_pieces:
        return None
    from_translations = model.initialise == "translations"
    few = new_tokens is not None and new_tokens < PAYING_TOKENS
    if not few and (from_translations or words >= PAYING_WORDS):
        return None
    got = f"{_count(words)} words of training text" + ("" if new_tokens is None else (
        f" give {new_tokens:,.0f} new tokens" + ("" if saved is None else f", which save {saved:.0%} of the tokens")))
    uses = model.vocabulary.min_uses
    key = f"models.{name}.vocabulary"
    if model.objective == "causal":
        why = f"in a causal model no gain by new tokens was measured from {_count(PAYING_WORDS)} words either"
    else:
        why = f"new tokens were measured to gain from {_count(PAYING_WORDS)} words on, and nothing less was tried"
    ways = [f"Add text until there are {_count(PAYING_WORDS)} words"] if words < PAYING_WORDS else []
    if uses > 20 and not from_translations:
        ways.append(f"set `{key}.min_uses: 20`, which gives three times as many tokens")
    ways.append(f"set `{key}.new_pieces: 0`, which keeps the original tokenizer")
    return Remark(code="VN-FEW-NEW-TOKENS", what=f"{name}: {got}: {why} ({PAGE})", fix=_either(ways))


def little_speech(name: str, hours: float | None, least: float) -> Remark | None:
    """Too little speech for pretraining a model of speech, which is then left out.

    Args:
        name: of the model.
        hours: of speech that training may hear; None before the splits are there.
        least: from which it is on.
    """
    if least == 0 or (hours is not None and hours >= least):
        return None
    why = (f"is left out, since {hours:.1f} hours of speech are fewer than {least:g}" if hours is not None else
           f"will be left out if there are fewer than {least:g} hours of speech, which `speech/splits` counts")
    return Remark(code="VN-LITTLE-SPEECH", what=f"{name}: pretraining {why} (docs/experiments/speech-pretraining.md)",
                  fix=(
            "Add recordings, which need no transcripts, or set "
            f"`speech.models.{name}.pretraining.least_hours: 0` to try"))


def few_passes(name: str, model: Model, steps: float, passes: float) -> Remark | None:
    """A pretraining that is too short to change the model for the better.

    Args:
        name: of the model.
        model: its settings.
        steps: optimizer steps of one arm.
        passes: over the training text, with the extended tokenizer.
    """
    taught = model.alignment is not None
    if steps >= PAYING_STEPS if taught else passes >= USELESS_PASSES:
        return None
    key = f"models.{name}.pretraining"
    if taught:
        wanted = PAYING_STEPS
        why = f"with translations {PAYING_STEPS} steps are the fewest that were measured to gain ({PAGE})"
    else:
        wanted = math.ceil(PAYING_PASSES * steps / max(passes, 1e-9))
        why = (f"without translations no gain on tasks was measured up to {USELESS_PASSES:g} passes with new tokens, "
               f"and one from {PAYING_PASSES:g} on ({PAGE})")
    if model.pretraining.minutes is not None:
        fix = f"Set `{key}.minutes: {_digits(model.pretraining.minutes * wanted / max(steps, 1))}`"
    else:
        fix = f"Set `{key}.steps: {wanted}`"
    ways = fix if taught else f"{fix}, or name translations in `models.{name}.alignment`: with them fewer steps do"
    what = f"{name}: {steps:,.0f} steps read the text {passes:.2g} times: {why}"
    return Remark(code="VN-FEW-STEPS", what=what, fix=ways)


def capped_steps(name: str, model: Model, steps: float) -> Remark | None:
    """Fewer steps than configured, since the text would be read too often."""
    configured = model.pretraining.steps
    if configured is None or steps >= configured:
        return None
    return Remark(code="VN-STEPS-CAPPED", what=(
        f"{name}: {steps:,.0f} of the {configured:,} steps in `pretraining.steps` are taken: more would read the text "
        f"more than {model.pretraining.max_epochs:g} times (`max_epochs`)"),
        fix="Add text; more passes over little text rarely help (RECIPE 2a.5: about 16 at most, 2305.16264)")


def lost_marks(name: str, words: float, merged: float, examples: Sequence[tuple[str, str]]) -> Remark | None:
    """A tokenizer that removes accents, which many languages write.

    Args:
        name: of the model.
        words: share of the running words that lose a mark.
        merged: share of the running words that are then read as another word.
        examples: pairs of such words.
    """
    if words < _LOST_MARKS:
        return None
    shown = " and ".join(f"`{one}` and `{other}`" for one, other in examples)
    alike = f"; {merged:.2%} are then read as another word" + (f", such as {shown}" if shown else "")
    return Remark(code="VN-LOST-MARKS", what=(
        f"{name}: the tokenizer of this base removes accents and other marks: {words:.1%} of the words lose some"
        f"{alike}. The model cannot distinguish such words or write the marks"),
        fix="Start from a base whose tokenizer keeps them, as cased and multilingual models do")


def small_text(name: str, model: Model, blocks: float) -> Remark | None:
    """A batch larger than the text."""
    size = model.pretraining.batch_size
    if blocks >= size:
        return None
    return Remark(code="VN-BATCH-ABOVE-TEXT", what=(
        f"{name}: a step reads {size} blocks of {model.pretraining.sequence_length} tokens, and the whole text has "
        f"{max(1, round(blocks))}: every step reads all of it"),
        fix=f"Add text, or set `models.{name}.pretraining.batch_size: {max(1, round(blocks) // 4)}`")


def few_pairs(name: str, pairs: int) -> Remark | None:
    """Too few translations."""
    if pairs >= PAYING_PAIRS:
        return None
    return Remark(code="VN-FEW-PAIRS", what=(
        f"{name}: {pairs:,} training pairs of translations; {PAYING_PAIRS:,} is the smallest number with a measured "
        f"gain ({PAGE})"), fix="Add translations: most languages with a Bible have verses with references "
                          "(docs/how-to/use-translations.md, Translations)")


def same_sides(name: str, same: int, pairs: int) -> Remark | None:
    """Pairs whose sides are equal, from which nothing is learned."""
    if not pairs or same / pairs < _SAME_SIDES:
        return None
    return Remark(code="VN-SAME-SIDES", what=(
        f"{name}: in {same:,} of {pairs:,} pairs of translations both sides are equal, so the model learns nothing"),
        fix="Check that `source:` and `translation:` are different files, and remove untranslated lines")


def few_labels(task: str, items: int) -> Remark | None:
    """Too few labeled items for a useful score."""
    if items >= PAYING_LABELS:
        return None
    return Remark(code="VN-FEW-LABELS", what=(
        f"{task}: {items} labeled training items; {PAYING_LABELS} is the smallest number measured, and "
        f"with it a simple method without a model was still better at names (.60 against .56, "
        "docs/experiments/chichewa.md)"),
        fix="Label more, or learn from labels in the base's language as well (`transfer:`, docs/reference/tasks.md)")


def few_to_choose(task: str, dev: int, looks: int) -> Remark | None:
    """Too few dev items to select the best step."""
    if dev >= FEWEST_DEV or not looks:
        return None
    if not dev:
        return Remark(code="VN-FEW-DEV", what=f"{task}: no dev items, so the end of each training is kept",
                      fix=f"Set `dev:` with {FEWEST_DEV} items or more to keep the best step")
    return Remark(code="VN-FEW-DEV", what=(
        f"{task}: {dev} dev items measure a score to {_width(dev)} points, too imprecisely to select the best step"),
        fix=f"Give `dev:` {FEWEST_DEV} items or more, or set `lora.looks: 0` and save the time")


def few_to_score(task: str, test: int) -> Remark | None:
    """Too few test items to distinguish a gain from chance."""
    if test >= FEWEST_TEST:
        return None
    return Remark(code="VN-FEW-TEST", what=(
        f"{task}: {test} test items measure a score to {_width(test)} points; a smaller gain cannot be detected"),
        fix=f"Give `test:` {FEWEST_TEST} items ({_width(FEWEST_TEST)} points) or more")


def of_items(task: str, train: int, dev: int, test: int, looks: int) -> list[Remark]:
    """Return remarks on part sizes of a fine-tuned task whose dev items are scored ``looks`` times."""
    found = few_labels(task, train), few_to_choose(task, dev, looks), few_to_score(task, test)
    return [remark for remark in found if remark is not None]


def no_cases(tests: Sequence[str]) -> Remark | None:
    """Behavioral tests without cases."""
    if not tests:
        return None
    return Remark(code="VN-NO-CASES", what=(
        f"no case could be generated for the behavioral tests {', '.join(tests)}: nothing was tested"),
        fix="Add words to their lists, or held-out lines that fit (docs/how-to/write-behavioral-tests.md), or remove "
            "them")


def _count(words: float) -> str:
    return f"{words:,.0f}"


def _width(items: int) -> str:
    """Half of a 95% interval of a share near one half, in points: the widest that there is."""
    return f"±{100 * 1.96 * math.sqrt(0.25 / items):.0f}"


def _digits(minutes: float) -> str:
    return f"{math.ceil(minutes)}" if minutes >= 1 else f"{minutes:.1g}"


def _either(ways: Sequence[str]) -> str:
    return "Either " + ", or ".join(f"{way[0].lower()}{way[1:]}" for way in ways) if len(ways) > 1 else (
        f"{ways[0][0].upper()}{ways[0][1:]}")
