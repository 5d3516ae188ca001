"""Private data: what is masked, what stays, and that looking quickly first misses nothing."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernacular.text import pii as module
from vernacular.text.pii import compiled, redact, redact_line

MASKED = [
    ("lembani kwa a.phiri@example.org lero", "lembani kwa <email> lero"),
    ("lembani: phiri@ example.org.", "lembani: <email>."),
    ("o'brien [at] example [dot] org", "o'<email>"), ("phiri(at)example.org", "<email>"),
    ("жанна@пример.рф", "<email>"), ("dod@ഉദാഹരണം.ഇന്ത്യ", "<email>"),
    ("imbani +265 999 123 456.", "imbani <phone>."), ("imbani 0999 12 34 56 lero", "imbani <phone> lero"),
    ("٠٩٩٩١٢٣٤٥٦", "<phone>"), ("०९८४१२३४५६७", "<phone>"), ("߀߉߉߉߁߂߃߄߅߆", "<phone>"),
    ("call (01) 234-5678", "call <phone>"), ("555-123-4567", "<phone>"), ("ring tlf. 311930.", "ring tlf. <phone>."),
    ("Tel: 99 12 34", "Tel: <phone>"), ("ssimu 772 123456", "ssimu <phone>"),
    ("server 192.168.10.254", "server <ip>"), ("ping 2001:db8:85a3::8a2e:370:7334 now", "ping <ip> now"),
    ("IBAN GB82 WEST 1234 5698 7654 32, please", "IBAN <account>, please"),
    ("MT84MALT011000012345MTLCAST001S", "<account>"),
    ("card 4111 1111 1111 1111", "card <account>"), ("3782-822463-10005", "<account>"),
]
KEPT = ["Genesis 1:1-31, 2:4", "1964-2024", "anthu 603550 ndi 1,250,000", "pa 06/07/1964", "2021-03-04", "1.5 ndi 0.25",
        "K 20 000 000", "10.2.3", "born 03.03.1998", "03-03-1998", "open 07.00-13.00-18.45", "at 12:30:45", "2:1, 3:2",
        "ssimu 199,000 ze zaakuba", "GB82 WEST 1234 5698 7654 33", "4111 1111 1111 1112", "std::vector a::b", "7 @ 8",
        "follow @someone", "look at (at home) dot", "isbn 978-3-16-148410-0", "1 048 080 anthu", "vote 3 810 625"]


@pytest.mark.parametrize("line", ["a" * 50_000 + " @ b", "a" * 50_000 + " (at)", "0 " * 25_000, "0)" * 25_000,
                                  "x@o" + ".S" * 25_000])
def test_a_huge_line_takes_no_more_than_its_length(line: str) -> None:
    began = time.process_time()
    redact([line], Counter(), {})  # took minutes where every letter was tried as a beginning
    assert time.process_time() - began < 1


def test_an_address_may_begin_where_another_ends() -> None:
    assert redact_line("a@b.co1x@c.de a(at)b.co1x(at)c.de", Counter(), {}) == "<email><email> <email><email>"


@pytest.mark.parametrize(("line", "masked"), MASKED)
def test_private_data_is_masked(line: str, masked: str) -> None:
    found: Counter[str] = Counter()
    assert redact(["before", line], found, {})[1] == masked and found.total() == 1
    assert redact([masked], Counter(), {}) == [masked]


@pytest.mark.parametrize("line", KEPT)
def test_other_numbers_stay(line: str) -> None:
    found: Counter[str] = Counter()
    assert redact([line], found, {}) == [line] and not found


def test_places_are_counted_by_kind() -> None:
    found: Counter[str] = Counter()
    lines = ["0999123456 or 0888123456", "a@b.org", "none"]
    assert redact(lines, found, {}) == ["<phone> or <phone>", "<email>", "none"]
    assert found == {"phone": 2, "email": 1}


def test_own_patterns_come_first() -> None:
    found: Counter[str] = Counter()
    patterns = compiled({"national_id": r"(?:^|\W)([A-Z]{2}\d{8})(?:\W|$)", "plate": r"\d{10}"})
    assert redact(["MW12345678 0999123456", "x"], found, patterns) == ["<national_id> <plate>", "x"]
    assert found == {"national_id": 1, "plate": 1}


@pytest.mark.parametrize(("pattern", "line", "masked"), [
    (r"(?:^|\W)(\d{8})(?:\W|$)", "12345678 12345678 123456789", "<id> <id> 123456789"),  # they share a space
    (r"\d{8}", "\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668", "<id>"),  # digits of every script
    (r"ID-\w+", "ID-\u0995\u09be7 x", "<id> x"),
    (r"[\d-]{4}", "12-\u0664 \ud800 1234", "<id> \ud800 <id>"),  # half a character, as broken JSON has it
    (r"ID(\d*)", "ID and ID7", "<id> and ID<id>"),
])
def test_own_patterns_know_every_script(pattern: str, line: str, masked: str) -> None:
    assert redact_line(line, Counter(), compiled({"id": pattern})) == masked


def test_time_for_own_patterns_is_linear() -> None:
    patterns = compiled({"id": r"a|a.*b", "other": "(c|c)+d"})
    began = time.process_time()
    assert redact_line("a" * 20_000 + "c" * 20_000, Counter(), patterns) == "<id>" * 20  # behind many, all is masked
    assert time.process_time() - began < 1


PIECES = st.sampled_from([*(part for line, _ in MASKED for part in line.split(" ")), *"0123456789.:-+() @[]", "at"])


@given(st.lists(st.lists(PIECES, max_size=12).map("".join), max_size=5))
def test_looking_quickly_first_misses_nothing(lines: list[str]) -> None:
    found: Counter[str] = Counter()
    slow: Counter[str] = Counter()
    fast = redact(lines, found, {})
    assert fast == [redact_line(line, Counter(), {}) for line in lines]
    for index, line in enumerate(lines):
        for kind, _, pattern, counts in module._RULES:
            line = module._masked(line, pattern, kind, slow, counts)
        assert line == fast[index]
    assert slow == found
