"""What crosses the border of a stage has a type: no dictionary with undocumented keys."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.generate import write_language
from vernacular.catalog import stages_of
from vernacular.config.load import load_language
from vernacular.core.result import NoResult, Result

ROOT = Path(__file__).parents[2]
# Modules that write or read what stages hand each other, by the names that modules there have.
BORDER = ("*/stages.py", "*/stage_results.py", "*/stage.py", "pipeline/*.py", "core/report.py", "core/result.py",
          "core/store.py", "corpus/ingest.py", "corpus/splits.py", "tokenizer/extend.py", "tasks/report.py",
          "evaluation/*.py", "evaluation/*/disparities.py", "evaluation/*/run.py", "release/bundle.py",
          "release/card*.py", "release/compute.py", "release/gates.py", "release/headline.py", "release/publish.py",
          "release/result*.py", "release/rights.py", "release/searching.py", "release/training_numbers.py",
          "release/trust.py", "release/verification.py", "reporting/*.py")
OPEN = re.compile(r"(dict|Dict|Mapping|MutableMapping)\[str, (Any|object)\]")
# Dictionaries of others: the card's metadata block for the hub, and the rows of JSON Lines files.
OTHERS = {("release/card_metadata.py", "metadata_of"), ("corpus/ingest.py", "counted"), ("corpus/splits.py", "Row"),
          ("reporting/language_report.py", "as_json")}
DETAILS = {"core/report.py"}  # the only module that may touch the JSON of a result


def border() -> list[Path]:
    return sorted({path for pattern in BORDER for path in (ROOT / "vernacular").glob(pattern)})


def open_signatures(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Public functions, methods and fields of a module that take or return an open dictionary, with its annotation."""
    inside: list[ast.AST] = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]
    for scope in inside:
        for node in getattr(scope, "body", []):
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                annotations = [ast.unparse(one)
                               for one in (node.returns, *(each.annotation for each in arguments)) if one]
                yield from ((node.name, text) for text in annotations if OPEN.search(text))
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                if OPEN.search(ast.unparse(node.annotation)):
                    yield node.target.id, ast.unparse(node.annotation)
            elif isinstance(node, ast.Assign) and OPEN.search(ast.unparse(node.value)):
                yield ast.unparse(node.targets[0]), ast.unparse(node.value)


def test_no_open_dictionary_crosses_the_border_of_a_stage() -> None:
    found = [f"{name}: {function}: {annotations}" for path in border() for function, annotations in open_signatures(
        ast.parse(path.read_text(encoding="utf-8")))
        if (name := path.relative_to(ROOT / "vernacular").as_posix(), function) not in OTHERS]
    assert len(border()) > 40 and found == []


@pytest.mark.parametrize("package", ["vernacular", "assets", "pipelines", "benchmarks"])
def test_the_json_of_a_result_is_read_through_its_model(package: str) -> None:
    """``report.details`` is read nowhere: ``Report.read_result`` names the model."""
    found = [f"{path.relative_to(ROOT)}:{node.lineno}" for path in sorted((ROOT / package).rglob("*.py"))
             if path.relative_to(ROOT / package).as_posix() not in DETAILS
             for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
             if isinstance(node, ast.Attribute) and node.attr == "details"
             and ast.unparse(node.value).endswith("report")]
    assert found == []


def test_every_stage_declares_its_result(tmp_path: Path) -> None:
    stages = stages_of(load_language(write_language(tmp_path / "languages", documents=3)))
    assert {name for name, stage in stages.items() if stage.result is NoResult} <= {
        name for name in stages if name.startswith("alignment/")}
    assert all(issubclass(stage.result, Result) and stage.result.model_config.get("frozen")
               for stage in stages.values())
