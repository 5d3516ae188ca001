"""Codes are found wherever they are written, with the text beside them."""

from __future__ import annotations

from vernacular.reference.code_page import _codes_in, codes_page

SOURCE = '''
class Code:
    QUOTING = "VN-DATA-QUOTING"  # ambiguous quotes

def few_labels(task):
    """Too few items. More here."""
    return Remark(code="VN-FEW-LABELS", what=f"{task}: few", fix="more")

def verify(name):
    yield Failure("VN-RELEASE-LINK", name, f"is a link to {name}")
    yield f"VN-RELEASE-STORE {name}: was changed"
    yield "VN- is how codes begin", "not-VN-CODE"
'''


def test_codes_are_found_with_their_texts() -> None:
    assert dict(_codes_in(SOURCE)) == {
        "VN-DATA-QUOTING": "ambiguous quotes", "VN-FEW-LABELS": "Too few items",
        "VN-RELEASE-LINK": "is a link to …", "VN-RELEASE-STORE": "was changed"}


def test_the_page_lists_each_code_once() -> None:
    page = codes_page()
    for code in ("VN-FEW-STEPS", "VN-RELEASE-DIGEST", "VN-RELEASE-LEDGER"):
        assert page.count(f"| `{code}` |") == 1
