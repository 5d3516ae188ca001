"""What the rules take of a source: families of rules, the two limits, consent, and the closing lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.generate import write_language
from vernacular.cleaning import corpus_lines as across
from vernacular.cleaning.losses import (
    FAMILIES,
    GROWTH,
    LEAST_WORDS,
    Loss,
    closing_lines,
    find_losses,
    loss_gates,
    losses_of,
)
from vernacular.config.load import load_language
from vernacular.core.store import Store
from vernacular.corpus.stages import stages
from vernacular.pipeline.stage import run_stage
from vernacular.text import line_batch as lines

RULES = [*lines.RULES, *across.RULES]


def losses(read: int = 1000, **lost: int) -> list[Loss]:
    return find_losses(["news"], [read], {rule: [lost.get(rule, 0)] for rule in RULES}, {"news": "tasks.topic"})


def test_every_rule_but_a_persons_own_is_in_one_family() -> None:
    members = [rule for family in FAMILIES for rule in family.rules]
    assert sorted(members) == sorted(set(RULES) - {"takedown"})


@pytest.mark.parametrize(("lost", "amber", "red"), [
    ({"short": 330}, False, False), ({"short": 340}, True, False), ({"short": 510}, True, True),
    ({"identification": 300, "document_identification": 250}, True, True), ({"takedown": 900}, False, False),
    ({"duplicate": 200, "near_duplicate": 200}, True, False), ({"short": 300, "empty": 300}, False, False)])
def test_a_third_is_seen_and_a_half_stops(lost: dict[str, int], amber: bool, red: bool) -> None:
    small, accepted = loss_gates("qaa", losses(**lost), {})
    assert (not small.passed, not accepted.passed) == (amber, red)
    assert accepted.blocking and not small.blocking


def test_little_text_stops_nothing() -> None:
    read = LEAST_WORDS - 1
    assert all(gate.passed for gate in loss_gates("qaa", losses(read, short=read), {}))


def test_an_accepted_loss_may_grow_a_little() -> None:
    consent = {("news", "short"): 0.6}
    for taken, passed in ((600, True), (600 + int(1000 * GROWTH) - 1, True), (600 + int(1000 * GROWTH) + 1, False)):
        assert all(gate.passed == passed for gate in loss_gates("qaa", losses(short=taken), consent))
    assert not loss_gates("qaa", losses(empty=600), consent)[1].passed


def test_every_remedy_can_be_filled_in() -> None:
    for family in FAMILIES:
        (gate, _) = loss_gates("qaa", losses(**{family.rules[0]: 400}), {})
        assert family.name in gate.reason and "40%" in gate.reason and "{" not in gate.reason


def test_the_closing_lines_account_for_every_word(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", documents=12)
    path = folder / "text" / "river" / "text.txt"
    path.write_text(path.read_text(encoding="utf-8") * 2 + "\n12 34\n", encoding="utf-8")
    language, store = load_language(folder), Store(tmp_path / "artifacts")
    *_, artifact = (run_stage(stage, language, store) for stage in stages(language)[:3])
    report = artifact.manifest.report
    count = {name: int(found.value) for name, found in report.counts.items()}
    found = losses_of(report)
    assert {loss.rule for loss in found} == {"duplicates", "empty"}
    assert count["words_read"] - count["words_kept"] == sum(loss.words for loss in found) + count["words_masked"]
    shown = closing_lines(artifact)
    assert len(shown) == 3 and f"{count['words_read']:,}" in shown[0] and f"{count['words_kept']:,}" in shown[0]
    assert "duplicates" in shown[1] and Path(shown[2].split(": ")[1]).is_file()
