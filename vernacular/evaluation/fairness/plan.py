"""The schema of ``behaviour/fairness.yaml``, and loading it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from vernacular.behavior_tests.explain import validate
from vernacular.behavior_tests.labels import columns_of
from vernacular.behavior_tests.load import FAIRNESS, FOLDER, check_lists, check_task, folder_of, load_suite
from vernacular.behavior_tests.operators import AnyOperator
from vernacular.behavior_tests.schema import UNREVIEWED, Review, Suite, review
from vernacular.config.schema import Language
from vernacular.config.strict import Name, Strict
from vernacular.config.tasks import derived_labels
from vernacular.config.yaml_file import read_yaml
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.store import digest_of_listed
from vernacular.text.words import word_spans

GATE = "fairness_not_made_worse"
GATE_RULE = "No gap between groups is significantly wider in the released model than in its base."


class Comparison(Strict):
    """Groups of names that fit the same positions, or spellings of the same sentence."""

    name: Name = Field(description="Name of the comparison.", examples=["men_and_women"])
    groups: dict[Name, list[str]] = Field(default_factory=dict, description=(
        "Groups, and their names as the text spells them: persons, peoples or places. Give this or `spellings`."),
        examples=[{"men": ["Petro"], "women": ["Maria"]}])
    spellings: dict[Name, list[AnyOperator]] = Field(default_factory=dict, description=(
        "Groups, and the changes that convert a line to their spelling; [] for the text's own."),
        examples=[{"ours": [], "theirs": [{"operator": "replace", "pairs": {"k": "q"}}]}])

    @model_validator(mode="after")
    def _two_groups(self) -> Comparison:
        if bool(self.groups) == bool(self.spellings):
            raise ValueError("give either groups (of names) or spellings (of the line)")
        if len(self.groups or self.spellings) < 2 or not all(self.groups.values()):
            raise ValueError("a comparison needs at least two groups, each with a name" if self.groups else
                             "a comparison needs at least two spellings")
        for name in (name for names in self.groups.values() for name in names):
            spans = word_spans(name)
            if not spans or (spans[0][0], spans[-1][1]) != (0, len(name)):
                raise ValueError(f"names must begin and end with a letter, but '{name}' does not")
        group_of: dict[str, str] = {}
        for group, names in self.groups.items():
            for name in names:
                if group_of.setdefault(name, group) != group:  # a shared name would hide the gap
                    raise ValueError(f"'{name}' is in {group_of[name]} and in {group}; keep it in one, or in none")
        return self

    @property
    def labels(self) -> list[str]:
        """The names of its groups or spellings, in order."""
        return list(self.groups or self.spellings)


class Plan(Strict):
    """The content of ``behaviour/fairness.yaml``."""

    author: str = Field(description="Who wrote the file.", examples=["Chikondi Phiri"])
    reviewed: Annotated[Review | None, BeforeValidator(review)] = Field(None, description=(
        "The reviewer, or `none`; written by `vernacular review CODE`."))
    tasks: list[Name] = Field(default_factory=list, description="Tasks of language.yaml to measure on.",
                              examples=[["names"]])
    likelihood: bool = Field(False, description="Also measure how well the model itself predicts names of each "
                                                "group.")
    name_label: str = Field("NAME", description=(
        "The label of a name, in tasks that label words; PER for B-PER and I-PER."), examples=["PER"])
    comparisons: list[Comparison] = Field(min_length=1, description="Groups that are compared.")

    @model_validator(mode="after")
    def _something_is_measured(self) -> Plan:
        if not self.tasks and not self.likelihood:
            raise ValueError("name what to measure: tasks, or likelihood: true")
        return self

    def digest(self, suite: Suite) -> str:
        """Return a digest of the reviewed content: the comparisons, with the word lists used by spellings."""
        return suite.digest_with(
            [comparison.model_dump(mode="json", by_alias=True, exclude_defaults=True)
             for comparison in self.comparisons],
            [step for comparison in self.comparisons for steps in comparison.spellings.values() for step in steps])

    def review_of(self, suite: Suite) -> str:
        """Return the reviewer and date of the current comparisons, or ``none``."""
        if self.reviewed is None or not self.reviewed.matches(self.digest(suite)):
            return UNREVIEWED
        return f"{self.reviewed.by}, {self.reviewed.on}"


def digests(language: Language) -> dict[str, str]:
    """Return the plan's digest as outside input of a stage; empty without a plan."""
    file = folder_of(language).file(FAIRNESS)
    return {"fairness": digest_of_listed([(file.path, file)])} if file.exists() else {}


def check_name_label(language: Language, labels: Mapping[str, Sequence[str]]) -> None:
    """Reject a ``name_label`` that a task of the plan lacks, if its ``labels`` are known."""
    plan = load_plan(language)
    for task in plan.tasks if plan is not None and any(one.groups for one in plan.comparisons) else ():
        derived = language.tasks[task].labels is not None
        known = derived_labels(language.tasks[task]) if derived else labels.get(task)
        by_word = language.tasks[task].kind == "token_classification"
        if plan is not None and by_word and known is not None and not columns_of(known, plan.name_label):
            raise Problem(f"the task '{task}' has no label '{plan.name_label}'", where=f"{FOLDER}/{FAIRNESS}",
                          fix=f"Set name_label to one of {', '.join(known)}", code=Code.DATA_LABEL)


def load_plan(language: Language) -> Plan | None:
    """Load the plan of the folder, or return None.

    Raises:
        Problem: the file is invalid, or names an unknown task or word list.
    """
    file = folder_of(language).file(FAIRNESS)
    if not file.exists():
        return None
    node = read_yaml(file)
    plan = validate(Plan, node)
    for task, place in zip(plan.tasks, node.value["tasks"].value if plan.tasks else [], strict=True):
        check_task(task, language, place.where)
    lists: dict[str, Any] = load_suite(language).lexicons if any(one.spellings for one in plan.comparisons) else {}
    for comparison, place in zip(plan.comparisons, node.value["comparisons"].value, strict=True):
        steps = [step for made in comparison.spellings.values() for step in made]
        check_lists(f"the comparison '{comparison.name}'", steps, set(), lists, place.where)
    return plan
