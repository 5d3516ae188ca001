"""``vernacular suggest``: the model's words for the slots of a test, for a speaker to accept.

Exported as a table with a column to tick, imported into the word lists of ``behaviour/*.yaml``.
After CheckList's suggestions (Ribeiro et al. 2020, section 4). Only accepted words enter a list.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vernacular.behavior_tests.load import load_suite
from vernacular.behavior_tests.schema import SLOT, BehaviourTest, Suite
from vernacular.behavior_tests.yaml_locations import find_test, place_of_list
from vernacular.config.schema import Language
from vernacular.config.yaml_edit import add_words
from vernacular.core.codes import Code
from vernacular.core.entry_point import EntryPoint
from vernacular.core.errors import Problem
from vernacular.core.store import Store
from vernacular.evaluation.behavior.cases import fill
from vernacular.evaluation.behavior.spreadsheet import Row, is_ticked, read_sheet, write_sheet
from vernacular.modeling.variants import load_arm, released_arm
from vernacular.provenance.own_files import remember_written

_pieces_of = EntryPoint[Any]("vernacular.evaluation.behavior.slot_filling:pieces_of")
_likely_words = EntryPoint[list[tuple[str, float]]]("vernacular.evaluation.behavior.slot_filling:likely_words")
BLANK = "___"
HEAD = ("list", "sentence", "suggestion", "probability", "accept")
Likely = Callable[[tuple[str, str]], list[tuple[str, float]]]


def write_suggestions(store: Store, language: Language, model_name: str, test_name: str, path: Path, most: int) -> int:
    """Write the released model's suggestions for the slots of a test to ``path``; return their number.

    ``test_name``: a test with templates or pairs. ``path``: the table to write, which must not
    exist. ``most``: suggestions per slot of a sentence.

    Raises:
        Problem: unknown test, one without slots, or an untrained model.
    """
    suite = load_suite(language)
    test = find_test(suite, test_name, language)
    if not test.slots():
        raise Problem(f"the test '{test_name}' has no slots to fill", where=f"{language.code} behaviour",
                      fix="Suggestions need templates, such as `{animals} is asleep`", code=Code.CONFIG_RULE)
    for slot in test.slots():
        _words(suite, slot, language)
    remember_written(store, language.code, path)
    if path.exists():  # checked before the slow model
        write_sheet(path, HEAD, [])
    rows = suggestions(suite, test, _likely_of(store, language, model_name, most), random.Random(test_name), most)
    write_sheet(path, HEAD, rows)
    return len(rows)


def _likely_of(store: Store, language: Language, model_name: str, most: int) -> Likely:
    stages = (f"model/{model_name}", f"model/{model_name}_control")
    found = {stage: artifact for stage in stages if (artifact := store.current(language.code, stage)) is not None}
    if len(found) < len(stages):
        raise Problem(f"{next(stage for stage in stages if stage not in found)} has not been run yet",
                      where=language.code, fix=f"Run `vernacular run {language.cli_args(model_name)}` first",
                      code=Code.STAGE_INPUT)
    arm = released_arm(model_name, {stage: artifact.manifest.report for stage, artifact in found.items()})
    model = language.models[model_name]
    network, tokenizer = load_arm(arm, model_name, model, language,
                                  {stage: artifact.folder for stage, artifact in found.items()})
    pieces = _pieces_of(tokenizer, network.get_output_embeddings().weight.shape[0])
    return lambda sentence: _likely_words(network, tokenizer, model.objective, sentence, 4 * most, pieces)


def _words(suite: Suite, name: str, language: Language) -> list[str]:
    entries = suite.lexicons[name]
    if not isinstance(entries, list):
        raise Problem(f"the list '{name}' is extracted from the text; suggestions need a list of words",
                      where=f"{language.code} behaviour", fix=f"Write `{name}: []` under lexicons: instead",
                      code=Code.CONFIG_RULE)
    return entries


def suggestions(suite: Suite, test: BehaviourTest, likely: Likely, rng: random.Random, most: int) -> list[Row]:
    """Return the rows of the table: up to ``most`` new words for each slot of each sentence.

    Other slots are filled with words of their lists; sentences with empty lists are skipped.
    """
    lists = {name: entries for name, entries in suite.lexicons.items() if isinstance(entries, list)}
    rows: list[Row] = []
    for template in [*test.templates, *(pair.good for pair in test.pairs)]:
        for match in SLOT.finditer(template):
            before, after = (_filled(part, lists, rng) for part in (template[:match.start()], template[match.end():]))
            known = set(lists[match[1]])
            found = [(word, value) for word, value in likely((before, after)) if word not in known][:most]
            rows += [{"list": match[1], "sentence": f"{before}{BLANK}{after}", "suggestion": word,
                      "probability": f"{value:.2g}"} for word, value in found]
    return rows


def _filled(part: str, lists: dict[str, list[str]], rng: random.Random) -> str:
    slots = SLOT.findall(part)
    return fill(part, {slot: [rng.choice(lists[slot]) if lists[slot] else ""] for slot in slots}) if slots else part


def read_suggestions(language: Language, path: Path) -> dict[str, list[str]]:
    """Import accepted suggestions into the word lists of the folder; return the new words by list.

    Raises:
        Problem: the table is invalid, names an unknown list, or has a cell that is neither yes nor
            no.
    """
    suite = load_suite(language)
    accepted: dict[str, list[str]] = {}
    for line, row in read_sheet(path, HEAD):
        where = f"{path}:{line}"
        if not is_ticked(row.get("accept", ""), where):
            continue
        name, word = row["list"], " ".join(row["suggestion"].split())
        if name not in suite.lexicons or not word:
            raise Problem(f"unknown list '{name}'" if word else "the suggested word is missing", where=where,
                          fix="Correct the row, or clear its last cell", code=Code.DATA_LABEL)
        if word not in [*_words(suite, name, language), *accepted.get(name, [])]:
            accepted.setdefault(name, []).append(word)
    for name, words in accepted.items():
        file, keys = place_of_list(name, language)
        add_words(file, keys, words)
    return accepted


def summarize_suggestions(accepted: Mapping[str, Sequence[str]]) -> str:
    """Summarize the import in a line."""
    return "; ".join(f"{name}: {', '.join(words)}" for name, words in accepted.items()) or "nothing was accepted"
