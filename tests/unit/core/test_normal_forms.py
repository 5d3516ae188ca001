"""Normal forms: those of Python on real text, and linear on hostile text."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernacular.core.normal_forms import normalized


@given(st.text(max_size=25), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_it_is_that_of_unicode(text: str, form: str) -> None:
    assert normalized(form, text) == unicodedata.normalize(form, text)  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@pytest.mark.parametrize("marks", ["\u0301\u0323", "\u0f73", "\uff9e\u0301", "\u0344\u0323", "\u0f73\u0f81\u0301"])
def test_time_is_linear_in_the_marks(form: str, marks: str) -> None:
    began = time.process_time()
    assert normalized(form, "a" + marks * 60_000)  # type: ignore[arg-type]
    assert time.process_time() - began < 0.5
