"""What a causal model is asked: a plain format with ``{source}`` and ``{target}``, and examples from training items.

No template engine: the two names are replaced once, so braces in a text stay as they are. An answer is one line. The
examples of a seed are the same for every item and every model, and never come from what is scored.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from vernacular.tasks.pairs import Pair

_NAME = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True)
class Template:
    """A format cut where the answer begins.

    Attributes:
        before: what stands before the source.
        between: what stands between source and answer, without white space at its end.
        gap: that white space, which belongs to the answer: most tokenizers join a space to the word after it.
        after: what stands behind the answer, at least a line break; separates examples.
    """

    before: str
    between: str
    gap: str
    after: str

    def prompt(self, source: str) -> str:
        """What the model reads before it answers."""
        return self.before + source + self.between

    def answer(self, target: str) -> str:
        """What it should write, up to and with the line break that ends it."""
        return f"{self.gap}{target}\n"

    def example(self, pair: Pair) -> str:
        """A source with its answer, as an example."""
        return self.prompt(pair.source) + self.gap + pair.target + self.after


def parse(text: str) -> Template:
    r"""The template that ``text`` describes, such as ``"English: {source}\nChichewa: {target}"``.

    Raises:
        ValueError: it lacks ``{source}`` or ``{target}``, has one twice, another name, or text behind ``{target}``.
    """
    names = _NAME.findall(text)
    if names != ["source", "target"]:
        raise ValueError("needs {source} and then {target}, each once and nothing else in braces, such as "
                         "\"English: {source}\\nChichewa: {target}\"")
    before, rest = text.split("{source}")
    between, after = rest.split("{target}")
    if after.strip():
        raise ValueError(f"'{after.strip()}' stands behind {{target}}; the answer ends the prompt")
    if not between.strip() and "\n" not in between:
        raise ValueError("needs something between {source} and {target}, or the model cannot tell where one ends")
    kept = between.rstrip(" \t")
    return Template(before, kept, between[len(kept):], after if "\n" in after else f"{after}\n")


def examples(train: Sequence[Pair], scored: Collection[Pair], count: int, seed: int) -> list[Pair]:
    """``count`` pairs of ``train`` to show, drawn from ``seed``; fewer where there are not as many.

    Pairs with a source or a target that is also scored are not shown; the order of ``train`` does not matter.
    """
    sources, targets = {pair.source for pair in scored}, {pair.target for pair in scored}
    fit = sorted({pair for pair in train if pair.source not in sources and pair.target not in targets},
                 key=lambda pair: (pair.source, pair.target))
    return random.Random(seed).sample(fit, min(count, len(fit)))


def shown(template: Template, pairs: Sequence[Pair]) -> str:
    """The examples as the text that precedes every prompt; empty without any."""
    return "".join(template.example(pair) for pair in pairs)
