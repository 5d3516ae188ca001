"""What is kept between runs carries a declared version: an output that changes needs a version that is raised.

Where one of these fails, the output of the same text has changed. If that was meant, raise the version that the test
names, and write the new digest beside it; a digest without a raised version lets old results pass for new ones.
"""

from __future__ import annotations

import hashlib
import json
import random
from typing import Any

import pytest

from tests.generate import LATIN, make_documents, make_word, write_language
from vernacular.cleaning.corpus_lines import RULES
from vernacular.cleaning.document_rules import RULES_VERSION
from vernacular.config.load import load_language
from vernacular.core.store import Artifact, Store
from vernacular.corpus.split_features import FEATURES_VERSION, Parts
from vernacular.corpus.stages import stages
from vernacular.langid import load_identifier
from vernacular.langid.stage import LEARNER_VERSION
from vernacular.pipeline.stage import run_stage
from vernacular.provenance.corpus_tables import read_rows, read_tables
from vernacular.text.line_batch import RULES as OWN_RULES

DAMAGE = ["The committee will publish the results of this meeting on the first day of next month.",
          "это совсем другая письменность", "*** 12 ***", "la la la la la la la la mi", "a\ufffdb ndi",
          "Lembani ku ada@example.org kapena +265 999 123 456.", "&amp;nbsp; <b>menu</b> | home | news | login",
          "http://example.org/a http://example.org/b", "ANTHU ONSE AMENEWA ANALI PAMENEPO DZULO"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Artifact]:
    """The artifacts of the corpus of an invented language with damage in its text."""
    root = tmp_path_factory.mktemp("versions")
    folder = write_language(root / "languages", trusted=True)
    river = folder / "text" / "river" / "text.txt"
    river.write_text(river.read_text(encoding="utf-8") + "\n" + "\n\n".join(DAMAGE) + "\n", encoding="utf-8")
    language, store = load_language(folder), Store(root / "artifacts")
    return {stage.name: run_stage(stage, language, store) for stage in stages(language)}


def digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]


def test_the_rules_on_documents(made: dict[str, Artifact]) -> None:
    clean = made["corpus/clean"]
    texts = [row["text"] for row in read_rows(clean.folder / "documents.parquet")]
    rows = list(read_rows(clean.folder / "rejects.parquet"))
    rejects = {rule: sorted(row["text"] for row in rows if row["rule"] == rule) for rule in OWN_RULES | RULES}
    assert sum(map(bool, rejects.values())) >= 5
    assert (RULES_VERSION, digest([texts, rejects])) == ("5", "42af4997fad136d8")


def test_the_features_of_splits(made: dict[str, Artifact]) -> None:
    documents = next(read_tables(made["corpus/clean"].folder / "documents.parquet")).slice(0, 20)
    numbers = Parts(5)(documents).to_pydict()
    assert (FEATURES_VERSION, digest(numbers)) == ("2", "2e768a3567dc1d58")


def test_the_learned_identifier(made: dict[str, Artifact]) -> None:
    identifier = load_identifier(made["corpus/identifier"].folder)
    own = [line for text in make_documents(70)["market"][-3:] for line in text.split("\n")]
    other = [" ".join(words).lower() for words in zip(*[iter(_foreign())] * 9, strict=False)]
    verdicts = [bool(score >= identifier.threshold) for score in identifier.scores([*own, *other])]
    assert sum(verdicts[:len(own)]) > 0.9 * len(own) and not any(verdicts[len(own):])
    assert (LEARNER_VERSION, digest(verdicts)) == ("3", "639b40f817b6690a")


def _foreign() -> list[str]:
    chance = random.Random(99)
    return [make_word(chance, 3, LATIN)[::-1] for _ in range(270)]
