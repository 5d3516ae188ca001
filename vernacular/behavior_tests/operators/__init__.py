"""The changes that a behavioral test can make to a line: a settings class each, with the method that makes it.

``base`` says what an operator is; ``writing`` changes characters, ``typos`` mistypes, ``words`` changes words. A
new one is a class there, an entry in ``AnyOperator`` here, and a row in the table of docs/behaviour.md (a test
looks).
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
