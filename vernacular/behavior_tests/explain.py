"""Explain validation errors of ``behaviour/*.yaml`` in one line each: what is wrong, file and line, fix."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from vernacular.behavior_tests.operators import AnyOperator
from vernacular.behavior_tests.schema import BehaviourTest, Expectation, FromText, Pairs, Review, SentencePair
from vernacular.config.explain import NO_NAME, TYPE_MESSAGES, did_you_mean, distinct_errors, walk
from vernacular.config.yaml_file import Node
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, combine

Kind = TypeVar("Kind", bound=BaseModel)
PAGE = "docs/reference/behavioral-tests.md"
_OPERATORS: dict[str, type[BaseModel]] = {str(get_args(kind.model_fields["operator"].annotation)[0]): kind
              for kind in get_args(get_args(AnyOperator)[0])}
_NO_KEYS = ("model_type", "dict_type", "model_attributes_type")
_MESSAGES = {**TYPE_MESSAGES, "string_pattern_mismatch": (" is not a valid name", NO_NAME),
         "less_than_equal": (" is a share and must be at most 1", "Write a tenth as 0.1")}
_INSIDE: dict[str, type[BaseModel]] = {"expect": Expectation, "pairs": SentencePair, "reviewed": Review}


def validate(kind: type[Kind], node: Node) -> Kind:
    """Validate ``node`` as a ``kind``.

    Raises:
        Problem: all errors, with lines; unknown keys come first, since they often cause the others.
    """
    try:
        return kind.model_validate(node.plain())
    except ValidationError as error:
        raise combine(_problem(each, node, kind) for each in distinct_errors(error, node)) from None


def _problem(error: Any, root: Node, kind: type[BaseModel]) -> Problem:
    loc = error["loc"]
    path, node = walk(loc, root)
    key, place = str(loc[-1]) if loc else "", ".".join(path)
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        known = _keys(_owner(loc[:-1], kind))
        meant = did_you_mean(key, known)
        return Problem(f"unknown key '{key}' at {place}{meant}", where=node.where,
                       fix="Rename or remove it" + ("" if meant else f"; valid keys: {', '.join(known)} ({PAGE})"),
                       code=Code.CONFIG_KEY)
    if error["type"] == "missing":
        return Problem(f"the key '{key}' is missing in {place or 'the file'}", where=node.where, fix=f"Add `{key}:`",
                       code=Code.CONFIG_KEY)
    if error["type"] in ("union_tag_invalid", "union_tag_not_found") or (
            error["type"] in _NO_KEYS and len(loc) > 1 and loc[-2] in ("change", "before")):
        operator = node.value.get("operator") if isinstance(node.value, dict) else None
        word = (str(operator.value) if operator is not None else
                str(node.value)[:40] if isinstance(node.value, str) else "")
        return Problem(f"{place}: unknown operator '{word}'{did_you_mean(word, _OPERATORS)}" if operator is not None
                       else f"{place}: write a change as {{operator: {word or 'NAME'}}}",
                       where=(operator or node).where, fix=f"Known operators: {', '.join(_OPERATORS)} ({PAGE})",
                       code=Code.CONFIG_VALUE)
    if key == "[key]":
        return Problem(f"'{loc[-2]}' is not a valid name", where=node.where, fix=NO_NAME, code=Code.CONFIG_VALUE)
    if error["type"] == "value_error":
        return Problem(f"{place + ': ' if place else ''}{message}", where=node.where, fix="Correct this entry",
                       code=Code.CONFIG_RULE)
    written = "" if isinstance(node.value, dict | list) else f", not {str(node.value)[:60]!r}"
    if error["type"] in _NO_KEYS:
        known = _keys(_owner(loc, kind))
        return Problem(f"{place} must have keys and values{written}", where=node.where, fix=(
            f"Write {{key: value}}{'; valid keys: ' if known else ''}{', '.join(known)} ({PAGE})"),
                       code=Code.CONFIG_VALUE)
    explanation, fix = _MESSAGES.get(error["type"], (f": {message[:1].lower()}{message[1:]}", "Correct this entry"))
    return Problem(f"{place}{explanation}{written}", where=node.where, fix=fix, code=Code.CONFIG_VALUE)


def _owner(loc: tuple[int | str, ...], kind: type[BaseModel]) -> type[BaseModel] | None:
    """Return the settings class with the keys at ``loc``, or None."""
    names = [part for part in loc if isinstance(part, str)]
    if not names:
        return kind
    if names[-1] in _OPERATORS:
        return _OPERATORS[names[-1]]
    if names[0] == "lexicons":
        forms: dict[str, type[BaseModel]] = {"a list of pairs": Pairs, "words of the text": FromText}
        return forms.get(names[-1])
    return _INSIDE.get(names[-1], BehaviourTest if names == ["tests"] else None)


def _keys(owner: type[BaseModel] | None) -> Iterable[str]:
    return [field.alias or name for name, field in owner.model_fields.items()] if owner is not None else []
