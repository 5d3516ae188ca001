"""Documents separate a near relative where lines do not; a rule is made only where they can."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vernacular.langid.document_rule import MARGIN, fit_rule, load_rules, write_rules

CHANCE = np.random.default_rng(1)


def probabilities(mean: float, lines: int) -> np.ndarray:
    return 1 / (1 + np.exp(-CHANCE.normal(mean, 1.2, lines)))


def test_documents_are_separated_though_most_lines_of_the_relative_pass() -> None:
    rule = fit_rule("run", probabilities(3, 400), probabilities(1, 100), 0.5)
    assert rule is not None and not rule.by_line
    of = np.repeat(np.arange(100), 10)
    own, other = (rule.log_odds(probabilities(mean, 1000), of, 100) >= -MARGIN for mean in (3, 1))
    assert own.mean() > 0.98 and other.mean() < 0.05


def test_a_single_line_is_refused_only_if_it_is_much_more_likely_in_the_relative() -> None:
    rule = fit_rule("run", probabilities(3, 400), probabilities(1, 100), 0.5)
    assert rule is not None
    odds = rule.log_odds(np.array([0.9, 0.5, 0.02, 0.0, 1.0]), np.arange(5), 5)
    assert odds[0] > -MARGIN > odds[2] and np.isfinite(odds).all()
    assert odds.tolist()[1:4] == sorted(odds.tolist()[1:4], reverse=True)


def test_no_rule_without_lines_or_without_a_difference() -> None:
    assert fit_rule("run", probabilities(3, 400), probabilities(1, 5), 0.5) is None
    assert fit_rule("run", probabilities(3, 400), probabilities(3, 400), 0.5) is None
    assert fit_rule("run", np.ones(50), np.ones(50), 0.5) is None


def test_the_setting_chooses_the_rules(tmp_path: Path) -> None:
    own = probabilities(4, 400)
    write_rules(tmp_path, own, {"run": probabilities(1, 100), "swa": probabilities(-4, 100)}, 0.5)
    assert [rule.code for rule in load_rules(tmp_path, "auto")] == ["run"]
    assert [rule.code for rule in load_rules(tmp_path, "document")] == ["run", "swa"]
    assert load_rules(tmp_path, "line") == load_rules(tmp_path / "absent", "auto") == []
