"""The pages of stages and gates, read from the stages of the shipped language ``nya``."""

from __future__ import annotations

from functools import cache

from vernacular.catalog import stages_of
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core.shipped import CHECKOUT
from vernacular.pipeline.stage import GateSpec, Stage
from vernacular.reference.markdown import opening, table

STAGES_FILE, GATES_FILE = "docs/reference/stages.md", "docs/reference/gates.md"
_CODE, _MODEL = "nya", "minilm"  # it has all kinds of stages but one
_ANSWERING = "smollm2"  # it has that one
_STAGES = """\
Each language has these stages; `<model>` is a name below `models`, `<task>` one below `tasks`. `alignment/<model>` is
there only with `alignment.translations`, `instruct/<model>` only with `instruct`, and `chat/<task>_<model>`, which has
the settings and gates of that, only with tasks of conversations. The keys of artifacts and the graph are explained in
[stages and artifacts](../explanation/artifacts.md), gates listed in [gates](gates.md).

*Version* is raised when the meaning of the output changes: artifacts of earlier versions are then stale. *Settings* are
the parts of the configuration that a stage depends on; an edit of any other setting does not rerun it. *Heavy* stages
train or evaluate a network and run in a process of their own.
"""
_GATES = """\
A gate is a check on a stage's result, shown as an asset check in Dagster. A red *blocking* gate stops later stages;
other red gates warn. Red gates of `release/<model>` stop `vernacular publish`, not the local release
([remedies](release.md#gates-for-publishing)).
"""
_TESTS = ("`<test>`", "Of each behavioral test: at most `threshold` of its cases fail.", "if `severity: error`")


def stages_page() -> str:
    """The page of stages, ending with a newline."""
    parts = [opening("Stages", "the declared stages"), _STAGES]
    rows: dict[str, list[str]] = {}
    sections: dict[str, str] = {}
    language, declared = _declared()
    for stage in declared:
        name = _general(stage.name)
        if name in sections:
            continue
        alike = {other.description for other in declared if _general(other.name) == name}
        text = f"{_general(stage.description.replace(language.name, 'the language'))}\n\n" if len(alike) == 1 else ""
        reads = dict.fromkeys(f"`{_general(one)}`" for one in stage.inputs)
        settings = sorted(stage.settings_data(language))
        sections[name] = f"## `{name}`\n\n{text}" + table(("", ""), [
            ("reads", ", ".join(reads) or "sources"), ("settings", ", ".join(f"`{key}`" for key in settings)),
            ("version", stage.version), ("heavy", "yes" if stage.heavy else "no"),
            ("gates", ", ".join(dict.fromkeys(row[0] for row in _rows(stage))) or "none")])
        rows[name] = [f"[`{name}`](#{_anchor(name)})", stage.version, "yes" if stage.heavy else "no"]
    parts.append(table(("stage", "version", "heavy"), rows.values()))
    return "\n".join([*parts, *sections.values()])


def gates_page() -> str:
    """The page of gates, ending with a newline."""
    rows = {}
    for stage in _declared()[1]:
        for name, rule, blocking in _rows(stage):
            rows[_general(stage.name), name] = (name, f"`{_general(stage.name)}`", rule, blocking)
    return "\n".join([opening("Gates", "the declared gates"), _GATES,
                      table(("gate", "stage", "rule", "blocking"), rows.values())])


@cache
def _declared() -> tuple[Language, list[Stage]]:
    """The language, and its stages."""
    language = load_language(CHECKOUT / "languages" / _CODE)
    answering = [stage for stage in stages_of(language, _ANSWERING).values() if stage.name.startswith("instruct/")]
    return language, [*stages_of(language, _MODEL).values(), *answering]


def _rows(stage: Stage) -> list[tuple[str, str, str]]:
    def row(gate: GateSpec) -> tuple[str, str, str]:
        return f"`{gate.name}`", gate.description, "yes" if gate.blocking else "no"

    return [_TESTS] if stage.name.endswith("_behaviour") else [row(gate) for gate in stage.gates]


def _general(text: str) -> str:
    """A stage's name or description without the names of this model and its tasks."""
    if text.startswith("task/"):
        return "task/<task>_<model>"
    return text.replace(_MODEL, "<model>").replace(_ANSWERING, "<model>")


def _anchor(title: str) -> str:
    return "".join(letter for letter in title.lower() if letter.isalnum() or letter in "-_")
