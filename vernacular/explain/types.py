"""Types and values in words: what a key may hold, as a person writes it in YAML."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from vernacular.config.strict import Strict

NOT_SET, REQUIRED = "not set", "required"
_WORDS: dict[Any, tuple[str, str]] = {
    bool: ("true or false", "true or false"), int: ("whole number", "whole numbers"), float: ("number", "numbers"),
    str: ("text", "texts"), date: ("date", "dates")}
_PLAIN = re.compile(r"[A-Za-z./](?:[\w ./@-]|:(?=[^\s]))*(?<! )")
_WORD_LIKE_VALUES = {"true", "false", "null", "yes", "no", "on", "off"}


def is_union(annotation: Any) -> bool:
    """Whether ``annotation`` is one of several types."""
    return get_origin(annotation) in (Union, types.UnionType)


def bare(annotation: Any) -> Any:
    """``annotation`` without its constraints and without ``None``."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    options = [option for option in get_args(annotation) if option is not type(None)] if is_union(annotation) else []
    return bare(options[0]) if len(options) == 1 else annotation


def settings_in(annotation: Any) -> tuple[type[Strict], ...]:
    """The settings classes that ``annotation`` is made of, in their order."""
    return tuple(dict.fromkeys(_settings(annotation)))


def _settings(annotation: Any) -> Iterator[type[Strict]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if issubclass(annotation, Strict):
            yield annotation
        return
    for part in get_args(annotation):
        yield from _settings(part)


def container_of(annotation: Any) -> Literal["", "list", "names"]:
    """Whether settings are in a list, or each behind a name of the writer's choice."""
    origin = get_origin(bare(annotation))
    return "list" if origin is list else "names" if origin is dict else ""


def allowed(field: FieldInfo) -> str:
    """What a key may hold, in words."""
    return in_words(field.annotation, list(field.metadata))


def in_words(annotation: Any, constraints: list[Any], many: bool = False) -> str:
    """A type in words; ``many``: in the plural, as an entry of a list."""
    while get_origin(annotation) is Annotated:
        annotation, more = get_args(annotation)[0], get_args(annotation)[1:]
        constraints = [*constraints, *(part for one in more
                                       for part in (one.metadata if isinstance(one, FieldInfo) else [one]))]
    if is_union(annotation):
        options = [option for option in get_args(annotation) if option is not type(None)]
        if len(options) == 1:
            return in_words(options[0], constraints, many)
        if settings_in(annotation) and len(settings_in(annotation)) == len(options):
            return "sections" if many else "section"
        return " or ".join(dict.fromkeys(in_words(option, constraints, many) for option in options))
    origin = get_origin(annotation)
    if origin is Literal:
        return one_of(get_args(annotation))
    if origin is list:
        return f"list of {in_words(get_args(annotation)[0], [], many=True)}"
    if origin is dict:
        key, value = get_args(annotation)
        names = in_words(key, [])
        return f"{in_words(value, [])} for each {'name' if names == 'text' else f'of {names}'}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "sections" if many else "section"
    word = _WORDS.get(annotation, ("text", "texts"))[many]
    limits = _range(constraints) if annotation in (int, float) else ""
    return f"{word} ({limits})" if limits and many else f"{word}, {limits}" if limits else word


def one_of(values: Sequence[Any]) -> str:
    """A choice in words: ``a``, ``b`` or ``c``."""
    names = [f"`{yaml_text(value)}`" for value in values]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _range(constraints: list[Any]) -> str:
    low = next((one for one in constraints if isinstance(one, Ge | Gt)), None)
    high = next((one for one in constraints if isinstance(one, Le | Lt)), None)
    least = "" if low is None else yaml_text(low.ge) if isinstance(low, Ge) else f"above {yaml_text(low.gt)}"
    most = "" if high is None else yaml_text(high.le) if isinstance(high, Le) else f"below {yaml_text(high.lt)}"
    if least and most:
        return f"{least} to {most}" if isinstance(low, Ge) and isinstance(high, Le) else f"{least}, {_to(most)}"
    if least:
        return least if isinstance(low, Gt) else f"{least} or more"
    return most if isinstance(high, Lt) or not most else f"{most} or less"


def _to(most: str) -> str:
    return most if most.startswith("below") else f"{most} or less"


def default_of(field: FieldInfo) -> str:
    """The default, as it would be written; ``required`` or ``not set`` where there is none."""
    if field.is_required():
        return REQUIRED
    value = field.get_default(call_default_factory=True)
    return NOT_SET if value is None else "" if isinstance(value, BaseModel) else yaml_text(value)


def example_of(name: str, field: FieldInfo) -> str:
    """A line that a person could write; empty where the type is enough, as with a section."""
    if field.examples:
        return f"{name}: {yaml_text(field.examples[0])}"
    if says_itself(field):
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        annotation = bare(field.annotation)
        if annotation is bool:
            return f"{name}: {yaml_text(not default)}"
        if get_origin(annotation) is Literal:
            others = [value for value in get_args(annotation) if value != default]
            return f"{name}: {yaml_text((others or [default])[0])}"
        if annotation in (int, float) and default is not None:
            return f"{name}: {yaml_text(default)}"
    return ""


def says_itself(field: FieldInfo) -> bool:
    """Whether type and default show what to write, so that an example adds nothing."""
    annotation = bare(field.annotation)
    if annotation is bool or get_origin(annotation) is Literal or settings_in(field.annotation):
        return True
    if annotation in (int, float):
        return not field.is_required() and field.get_default() is not None
    default = [] if field.is_required() else field.get_default(call_default_factory=True)
    return isinstance(default, list) and bool(default) and all(isinstance(one, int | float) for one in default)


def yaml_text(value: Any) -> str:
    """``value`` on one line of YAML."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.12f}".rstrip("0").rstrip(".")
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(yaml_text, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{yaml_text(key)}: {yaml_text(one)}" for key, one in value.items()) + "}"
    text = str(value)
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORD_LIKE_VALUES
    return text if plain else json.dumps(text, ensure_ascii=False)
