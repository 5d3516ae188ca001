"""Files below a language folder are opened by ``vernacular.core.files`` alone.

Read from the source: a module that opens or lists files by itself is listed below, with what these files are; and no
module does so with a path that was made from a language's folder.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("vernacular", "pipelines", "assets")
ACCESS = "vernacular/core/files/"
OPENS = {"open", "fdopen", "read_text", "read_bytes", "write_text", "write_bytes", "glob", "rglob", "iterdir", "walk",
         "fwalk", "scandir", "listdir", "mkfifo", "symlink_to", "hardlink_to", "touch", "copyfile", "copytree", "copy2",
         "FileLock", "ParquetFile", "load_file", "save_file", "from_pretrained", "memory_map"}
FOLDERS = {"language", "place"}  # what has an attribute `folder` that is a language's

STORE = "the store: an artifact, a cache or a work folder, all of whose files the stages wrote themselves"
MIRROR = "the mirror of a source in the store, written by the fetch itself; streams that are cut and appended to"
PROC = "/proc and /sys: what the system says of this machine"
NAMED = "a file that the person at the keyboard names"
CODE = "the program's own files"
DAGSTER = "Dagster's home: logs, outcomes and settings of the installation"
LANGUAGES = "the folder around the language folders, which is the installation's own: names are listed, nothing is read"
LIBRARY = "weights, which libraries open by their path; of a base in a language folder it was checked before"
TEMPORARY = "a temporary folder that the program makes and removes"
GIVEN = "a file that was opened already, and is unpacked"

ALLOWED = {
    STORE: [
        "assets/metadata.py", "pipelines/overview.py", "pipelines/rebuild.py", "pipelines/up_to_date.py",
        "vernacular/core/store.py", "vernacular/core/lock.py", "vernacular/core/jsonl.py",
        "vernacular/provenance/corpus_tables.py",
        "vernacular/cleaning/cache.py",
        "vernacular/cleaning/document_rules.py", "vernacular/cleaning/stage.py", "vernacular/corpus/ingest.py",
        "vernacular/sources/fetch_schedule.py", "vernacular/cleaning/decontamination.py",

        "vernacular/cleaning/source_drift.py", "vernacular/corpus/verify.py",
        "vernacular/corpus/takedown.py", "vernacular/provenance/text_search.py", "vernacular/speech/withdrawal.py",
        "vernacular/corpus/lineage.py", "vernacular/langid/ensemble.py",
        "vernacular/langid/stage.py", "vernacular/langid/document_rule.py", "vernacular/sources/extracts.py",
        "vernacular/evaluation/examples.py", "vernacular/evaluation/fairness/run.py", "vernacular/forecast/speed.py",
        "vernacular/forecast/speech_speed.py",
        "vernacular/pretraining/budget.py", "vernacular/modeling/checkpoint.py",
        "vernacular/pretraining/stage.py", "vernacular/pretraining/network.py", "vernacular/corpus/side_texts.py",
        "vernacular/release/bundle.py", "vernacular/release/export.py",
        "vernacular/reporting/status_table.py",
        "vernacular/reporting/page_parts.py", "vernacular/tasks/learning_curve.py",
        "vernacular/search/encoder.py", "vernacular/search/index.py",

        "vernacular/tasks/predictor.py", "vernacular/tasks/stage.py", "vernacular/tokenizer/extend.py",
        "vernacular/tokenizer/trim.py", "vernacular/conversion/released.py", "vernacular/speech/pretraining/stage.py",
        "vernacular/speech/transcription/methods.py", "vernacular/speech/transcription/whisper_method.py",
        "vernacular/speech/transcription/frozen_method.py", "vernacular/speech/transcription/parts.py",
        "vernacular/speech/transcription/stage.py", "vernacular/speech/transcription/state_cache.py",
        "vernacular/speech/release/export.py", "vernacular/speech/release/stage.py",
        "vernacular/speech/release/transcribing.py", "vernacular/speech/splits/stage.py"],
    MIRROR: ["vernacular/sources/download.py", "vernacular/sources/mirror.py",
             "vernacular/sources/wikipedia.py", "vernacular/sources/web/page_store.py",
             "vernacular/sources/web/warc.py"],
    "a stream that is open already, in the worker": ["vernacular/datasets/pictures.py"],
    PROC: ["vernacular/cli/doctor.py", "vernacular/core/energy.py", "vernacular/modeling/device.py"],
    NAMED: ["vernacular/cli/main.py", "vernacular/provenance/own_files.py", "vernacular/release/signing_key.py",
            "vernacular/evaluation/behavior/spreadsheet.py"],
    CODE: ["vernacular/reference/__main__.py", "vernacular/reference/code_page.py", "vernacular/cli/common.py",
           "vernacular/bases/table.py", "vernacular/config/hub_presets.py", "vernacular/speech/release/code_files.py"],
    "the files of a new project, which the person at the keyboard names": ["vernacular/config/new_project.py"],
    "an export: a folder that the person at the keyboard names, and that it makes": [
        "vernacular/conversion/card.py", "vernacular/conversion/folders.py",
        "vernacular/conversion/ctranslate2_folder.py"],
    "the exported folder around it, without Vernacular": [
        "vernacular/conversion/standalone/onnx_model.py", "vernacular/conversion/standalone/ctranslate2_model.py"],
    "a browser, at the address of the UI": ["pipelines/ui.py"],
    DAGSTER: ["assets/pictures.py", "pipelines/run_locks.py", "pipelines/purge_history.py",
              "pipelines/history_records.py", "pipelines/dagster_home.py",
              "pipelines/launchers.py", "pipelines/output.py", "pipelines/redact.py", "pipelines/code_locations.py",
              "pipelines/refresh_sensor.py"],
    LANGUAGES: ["vernacular/config/load.py", "vernacular/config/new.py"],
    LIBRARY: ["vernacular/datasets/aligned_pairs.py", "vernacular/modeling/base_checks.py",
              "vernacular/modeling/base_models.py", "vernacular/modeling/picture_towers.py",
              "vernacular/tasks/image_retrieval/vectors.py",
              "vernacular/instruct/checkpoint.py", "vernacular/instruct/merge.py",
              "vernacular/instruct/task_arithmetic.py",
              "vernacular/tasks/adapter_model.py", "vernacular/speech/encoders.py",
              "vernacular/speech/transcription/trainable_base.py"],
    TEMPORARY: ["vernacular/sources/web/crawler_process.py", "vernacular/release/ecosystem.py",
                "vernacular/release/apart.py",
                "vernacular/conversion/worker.py"],
    "a release, here or downloaded, which opens without following a link": ["vernacular/release/files.py"],
    "the folder of a base, whose links it refuses": ["vernacular/modeling/base_files.py"],
    "the standard streams": ["vernacular/core/terminal.py"],
    GIVEN: ["vernacular/sources/web/sitemaps.py", "vernacular/sandbox/worker.py",
            "vernacular/sources/formats/columns.py", "vernacular/sources/formats/packed.py",
            "vernacular/langid/udhr.py"],
}


@cache
def modules() -> list[tuple[str, ast.Module]]:
    return [(path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8")))
            for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def opens(tree: ast.AST) -> Iterator[ast.Call]:
    """The calls that open or list files."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in OPENS and ast.unparse(node.func) not in (
                    "ast.walk", "context.resources.store.open", "walk", "read_text"):  # functions of our own
                yield node


def of_a_language(node: ast.AST, names: set[str]) -> bool:
    """Whether ``node`` is a path made from the folder of a language, or from a name in ``names``."""
    if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[0] in ("Folder", "File"):
        return False
    if isinstance(node, ast.Attribute) and node.attr == "folder":
        owner = node.value
        return (owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")) in FOLDERS
    if isinstance(node, ast.Name):
        return node.id in names
    inner = [node.left] if isinstance(node, ast.BinOp) else [node.value] if isinstance(node, ast.Attribute) else (
        [node.func, *node.args] if isinstance(node, ast.Call) else [])
    return any(of_a_language(part, names) for part in inner)


def wrong_opens(tree: ast.AST) -> Iterator[str]:
    """The calls in which a function opens a path that it made from a language's folder."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            names: set[str] = set()
            for node in ast.walk(function):
                if isinstance(node, ast.Assign) and of_a_language(node.value, names):
                    names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
            yield from (ast.unparse(call) for call in opens(function) if of_a_language(call, names))


def test_who_opens_files_is_known() -> None:
    known = [name for names in ALLOWED.values() for name in names]
    assert len(known) == len(set(known))
    found = {name for name, tree in modules() if not name.startswith(ACCESS) and any(opens(tree))}
    assert found - set(known) == set(), "open it with vernacular.core.files, or say here what it is"
    assert set(known) - found == set(), "it opens nothing any more"


def test_no_path_of_a_language_folder_is_opened_elsewhere() -> None:
    assert {f"{name}: {call}" for name, tree in modules() if not name.startswith(ACCESS)
            for call in wrong_opens(tree)} == set()


@pytest.mark.parametrize("body", [
    "(language.folder / 'a').read_text()", "path = work.language.folder / 'a'\n    path.open()",
    "folder = self.place.folder\n    sorted(folder.glob('*'))", "os.walk(language.folder)",
    "open(language.folder / 'a')", "shutil.copytree(language.folder, out)"])
def test_the_search_finds_what_it_is_for(body: str) -> None:
    assert list(wrong_opens(ast.parse(f"def read(language):\n    {body}")))


def test_the_search_knows_what_is_allowed() -> None:
    assert not list(wrong_opens(ast.parse("def read(language):\n    file = Folder.of(language.folder).file('a')\n"
                                          "    parse(file.read())\n    (store.root / 'a').read_text()")))
