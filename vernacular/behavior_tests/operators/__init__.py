"""The line changes of behavioral tests: one settings class each, with its implementation.

``base`` defines an operator; ``writing`` changes characters, ``typos`` simulates typing errors,
``words`` changes words. A new one needs a class, an entry in ``AnyOperator``, and a row in the
table of docs/reference/behavioral-tests.md (tested).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from vernacular.behavior_tests.operators.typos import JoinWords, Typo
from vernacular.behavior_tests.operators.words import CodeSwitch, Negation, SwapAffix, SwapWords, WordOrder
from vernacular.behavior_tests.operators.writing import (
    ApostropheVariants,
    Digits,
    FinalPunctuation,
    Insert,
    LetterCase,
    NormalForm,
    Numbers,
    Quotes,
    Replace,
    Spaces,
    StripDiacritics,
)

AnyOperator = Annotated[
    NormalForm | Spaces | LetterCase | ApostropheVariants | StripDiacritics | FinalPunctuation | Replace | Insert
    | Quotes | Digits | Numbers | Typo | JoinWords | SwapWords | CodeSwitch | Negation | SwapAffix | WordOrder,
    Field(discriminator="operator")]
