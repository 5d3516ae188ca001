"""The base on the card: the name that the hub knows, or where it was taken from."""

from __future__ import annotations

import yaml

from tests.unit.release.made_up import NAME, made_up_reports
from vernacular.catalog import stages_of
from vernacular.config.schema import Language
from vernacular.release.card import write_card
from vernacular.release.results import gather


def test_the_metadata_names_a_base_that_the_hub_knows_and_no_other(language: Language) -> None:
    found = gather(language, NAME, language.models[NAME], made_up_reports())
    for hub, package, name, expected, said in (
            ("a/b", None, None, "a/b", ""),
            (None, "wheel", "c/d", "c/d", "`wheel`; on the Hugging Face hub it is `c/d`."),
            (None, "wheel", None, None, "package `wheel`; its name on the Hugging Face hub is not known."),
            (None, None, None, None, "local files `base`; its name on the Hugging Face hub is not known.")):
        base = found.model.base.model_copy(update={"hub": hub, "package": package, "name_on_hub": name})
        _, head, body = write_card(found.model_copy(update={
            "model": found.model.model_copy(update={"base": base})})).split("---\n", 2)
        assert yaml.safe_load(head).get("base_model") == expected
        assert said in body and ("taken from" in body) == (not hub)


def test_a_name_on_the_hub_makes_nothing_anew_but_the_release(language: Language) -> None:
    model = language.models[NAME]
    base = model.base.model_copy(update={"name_on_hub": "a/b"})
    named = language.model_copy(update={"models": {NAME: model.model_copy(update={"base": base})}})
    before, after = ({name: stage.settings_data(one) for name, stage in stages_of(one).items()}
                     for one in (language, named))
    assert [name for name in before if before[name] != after[name]] == [f"release/{NAME}"]
