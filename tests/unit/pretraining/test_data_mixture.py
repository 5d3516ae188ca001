"""Text that is read beside the language's own holds nothing that the model is judged by, and no private data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.generate import TINY_MODEL, write_language
from tests.tiny import write_bert
from vernacular.catalog import stages_of
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core.errors import Problem
from vernacular.modeling.base_models import load_tokenizer
from vernacular.pipeline.stage import StageContext
from vernacular.pretraining import data_mixture as texts
from vernacular.provenance.corpus_tables import write_rows

SOURCE = {"kind": "files", "licence": "CC0-1.0", "consent": "contributor", "register": "other"}
ITEM = "a sentence of the task that nobody may have read"
DEV = "Kanthu kali konse kamene kanali kutali"
LONG = "mau ambiri amene ali mumzere wautali uwu ndipo amapitirira mpaka kumapeto kwake konse komwe"
OWN = "the near language has a line of its own"
ENGLISH = [f"the {word} fox jumps over the river" for word in ("red", "green", "lazy", "quick", "old", "new", "shy")]


def written(tmp_path: Path, near: str, items: str = f"{ITEM}\n") -> tuple[Language, StageContext]:
    english = [ENGLISH[0], "measured one and nothing else", *(line for one in ENGLISH[1:]
                                                             for line in (one, "measured one and nothing else"))]
    folder = write_language(tmp_path / "languages", models={"tiny": {
        **TINY_MODEL, "retention": [{**SOURCE, "name": "english", "files": "english.txt"}],
        "pretraining": {**TINY_MODEL["pretraining"], "related": [
            {"source": {**SOURCE, "name": "near", "files": "near.txt"}}]}}})
    if not (folder / "base").is_dir():  # no two are the same
        write_bert(folder / "base")
    (folder / "english.txt").write_text("\n".join(english), encoding="utf-8")
    (folder / "near.txt").write_text(near, encoding="utf-8")
    (folder / "tasks").mkdir(exist_ok=True)
    (folder / "tasks" / "items.txt").write_text(items, encoding="utf-8")
    language = load_language(folder)
    splits = tmp_path / "splits"
    splits.mkdir(exist_ok=True)
    for part, text in (("train", "Mau ena\n"), ("dev", DEV), ("test", LONG)):
        write_rows(splits / f"{part}.parquet", [{"text": text}])
    return language, StageContext(
        language=language, settings=None, inputs={"corpus/splits": splits}, reports={}, out=tmp_path, scratch=tmp_path,
        seed=1, progress=lambda line: None, machine=tmp_path, root=tmp_path / "artifacts", cache=tmp_path)


def read(language: Language, work: StageContext) -> tuple[texts.Texts, str]:
    """What a training reads, and all of it as text."""
    tokenizer: Any = load_tokenizer(language.folder / "base")
    found = texts.read(work, language.models["tiny"], tokenizer)
    return found, tokenizer.decode(found.blocks.tokens.ravel(), skip_special_tokens=True)


def test_held_out_lines_and_private_data_are_not_read_beside(tmp_path: Path) -> None:
    near = f"{OWN}\n{ITEM.upper()}!\n{DEV}\nbefore {LONG} after\nwrite to amake@example.org today"
    language, work = written(tmp_path, near, f"{ITEM}\n{ENGLISH[2]}\n")
    found, text = read(language, work)
    assert OWN in text and "write to email today" in text
    assert not any(phrase.casefold() in text.casefold() for phrase in (ITEM, DEV, LONG, "amake", ENGLISH[2]))
    assert ENGLISH[1] in text and [stream.name for stream in found.streams] == ["target", "near", "replay"]
    assert found.left_out == 4


def test_a_related_source_that_is_held_out_whole_is_named(tmp_path: Path) -> None:
    language, work = written(tmp_path, f"{ITEM}\n")
    with pytest.raises(Problem, match=r"near.*VN-DATA-EMPTY"):
        read(language, work)


def test_a_model_is_trained_again_only_if_other_lines_are_left_out(tmp_path: Path) -> None:
    def known(items: str) -> dict[str, dict[str, str]]:
        language, work = written(tmp_path, OWN, items)
        return {name: stage.outside(language, work.root) for name, stage in stages_of(language).items()
                if name.startswith("model/")}

    before, after = known("one item of the task\n"), known(f"{OWN}\n")
    assert set(before) == {"model/tiny", "model/tiny_control"}
    assert all(before[name] != after[name] for name in before)
    assert known("another item, that stands nowhere\n") == before  # nothing is trained for it
