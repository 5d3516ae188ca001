"""Which models saw a document."""

from __future__ import annotations

import json

from tests.unit.corpus.takedown_chain import rows, run, take
from vernacular.config.schema import Language
from vernacular.core.store import Store
from vernacular.corpus.lineage import saw
from vernacular.corpus.takedown import Target, make_plan
from vernacular.provenance.suppression_list import FILE


def test_who_saw_it_is_distinguished_from_who_did_not_also_when_the_splits_are_gone(language: Language,
                                                                                store: Store) -> None:
    done = run(language, store)
    trained, held_out = rows(done["corpus/splits"], "train.parquet"), rows(done["corpus/splits"], "test.parquet")
    first, _ = take(language, store, id=trained[0]["id"])
    assert {one.stage for one in first.models} == {"model/tiny", "task/names_tiny", "release/tiny"}
    assert all(one.certain for one in first.models)
    second = make_plan(language, store, Target(id=trained[1]["id"]))
    assert {one.stage for one in second.models} == {"model/tiny", "release/tiny"}  # the adapter contained text and went
    assert make_plan(language, store, Target(id=held_out[0]["id"])).models == []
    assert "model/tiny" in json.loads((language.folder / FILE).read_text())["models"][0]
    again = run(language, store)
    assert again["model/tiny"].manifest.key != done["model/tiny"].manifest.key
    assert {one.key for one in saw(store, "qaa", [trained[1]["id"]])} >= {done["model/tiny"].manifest.key,
                                                                         again["model/tiny"].manifest.key}
    assert again["model/tiny"].manifest.key not in {one.key for one in saw(store, "qaa", [trained[0]["id"]])}


def test_a_model_whose_training_list_is_lost_has_perhaps_seen_it(language: Language, store: Store) -> None:
    done = run(language, store)
    for path in done["corpus/splits"].folder.iterdir():
        path.unlink()
    found = saw(store, "qaa", ["0" * 16])
    assert {one.stage for one in found} == {"model/tiny", "task/names_tiny", "release/tiny"}
    assert not any(one.certain for one in found) and "perhaps" in found[0].line()
