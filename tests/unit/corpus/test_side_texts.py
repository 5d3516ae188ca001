"""Takedown of texts that a model reads beside the corpus."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.corpus.takedown_chain import take
from vernacular.config.schema import Language
from vernacular.config.training import Alignment, Related
from vernacular.core.jsonl import write_jsonl
from vernacular.core.report import Report
from vernacular.core.store import MANIFEST, Manifest, Store
from vernacular.corpus import side_texts as texts
from vernacular.pipeline.stage import StageContext
from vernacular.provenance.document import BESIDE
from vernacular.provenance.text_search import Traces
from vernacular.sources.removal import as_translations
from vernacular.tokenizer.base_language_text import retention_lines, retention_versions


def test_texts_that_a_model_reads_beside_are_found_and_stay_out(language: Language, store: Store) -> None:
    (language.folder / "near").mkdir()
    text = "this line of eight words belongs to somebody else\nand another line that is long enough to count"
    (language.folder / "near" / "a.txt").write_text(f"{text}\n\nanother text\n", encoding="utf-8")
    source = language.sources[0].model_copy(update={"name": "near", "files": "near/*.txt"})
    model = language.models["tiny"].model_copy(update={"retention": [source], "pretraining": language.models[
        "tiny"].pretraining.model_copy(update={"related": [Related(source=source)]})})
    language = language.model_copy(update={"models": {"tiny": model}})
    work = StageContext(language=language, settings=None, inputs={}, reports={}, out=store.root, scratch=store.root,
                        seed=1,
                        progress=lambda line: None, machine=store.root, root=store.root, cache=store.root)
    before = texts.versions(model.beside, language, store.root), retention_versions(model, language, store.root)
    read = list(texts.listed(model.beside, work))
    assert {row["role"] for row in read} == {"related", "retention"} and len(retention_lines(model, work)) == 2
    home = store.home("qaa", "model/tiny") / "abc"
    home.mkdir(parents=True)
    write_jsonl(home / BESIDE, read)
    (home / MANIFEST).write_text(Manifest(
        language="qaa", stage="model/tiny", key="abc", version="1", settings={}, inputs={}, outside={}, seed=1,
        data_version="1", files={}, created="2026-01-01T00:00:00Z", seconds=1.0, report=Report()).model_dump_json())

    plan, _ = take(language, store, id=read[0]["id"])
    assert [(one.stage, one.certain) for one in plan.models] == [("model/tiny", True)]
    assert plan.own_files == ["near/a.txt"]
    assert retention_lines(model, work) == []
    assert read[0]["id"] not in {row["id"] for row in texts.listed(model.beside, work)}
    assert before != (texts.versions(model.beside, language, store.root),
                      retention_versions(model, language, store.root))
    assert take(language, store, source="near")[0].new
    assert list(texts.listed(model.beside, work)) == []


def test_a_translation_is_found_as_it_is_kept_with_its_pair(language: Language, tmp_path: Path) -> None:
    side = {"kind": "files", "licence": "CC0-1.0", "consent": "contributor", "register": "religious",
            "files": "a.csv", "key": {"kind": "columns", "columns": ["verse"]}, "remove": ["{...}", "&gt;"]}
    alignment = Alignment.model_validate({"translations": [{
        "source": {**side, "name": "ours"}, "translation": {**side, "name": "theirs"}}]})
    changed = language.model_copy(update={"models": {
        name: model.model_copy(update={"alignment": alignment}) for name, model in language.models.items()}})
    line = "&gt;In the {first} beginning {of all} God {first and last} created {both} the heavens {above} and earth."
    kept = "In the beginning God created the heavens and earth."
    (tmp_path / "pairs.jsonl").write_text(json.dumps({"text": "Pachiyambi", "translation": kept}), encoding="utf-8")
    assert not Traces([line]).in_folder(tmp_path)
    assert kept in as_translations(changed, [line])
    assert Traces([line, *as_translations(changed, [line])]).in_folder(tmp_path)
