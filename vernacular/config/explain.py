"""Explain validation errors in one line each: what is wrong, file and line, and the fix.

Also walks the schema to find the keys that would be valid.
"""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from vernacular.config.schema import NOT_WRITTEN, Language
from vernacular.config.strict import NAME
from vernacular.config.yaml_file import Node
from vernacular.core.codes import Code
from vernacular.core.errors import Problem

_SENTENCE = re.compile(r"(?<=[.;])\s+")
_NO_NAME = "Use lower-case letters, digits and _, at most 40 characters, starting with a letter"
_TYPE_MESSAGES = {  # plainer than pydantic's words
    "list_type": (" must be a list", "Write it in brackets, [one, other], or one entry per line after a hyphen"),
    "string_type": (" must be text", "Put it in quotes"),
    "float_parsing": (" must be a number", "Write only the number; a share as 0.1, not as 10%"),
    "int_parsing": (" must be a whole number", "Write only the number"),
    "bool_parsing": (" must be true or false", "Write true or false"),
}
_NO_KEYS = ("model_type", "dict_type", "model_attributes_type")
_TAGS = ("kind", "operator")  # keys that name the type of an entry


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``, did you mean 'licence'?`` for a close match among ``known``, else an empty string."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f", did you mean '{close[0]}'?" if close else ""


def explain(error: ValidationError, root: Node, schema: type[BaseModel] = Language) -> list[Problem]:
    """Return a Problem for each error; unknown keys come first, since they often cause the others.

    Args:
        error: raised by validating ``root.plain()``.
        root: the nodes with their lines.
        schema: what it was validated as.
    """
    return [_explained(each, root, schema) for each in distinct_errors(error, root, schema)]


def distinct_errors(error: ValidationError, root: Node, schema: type[BaseModel] = Language) -> list[ErrorDetails]:
    """Return pydantic's errors, one per place in the file: for a union it reports every member type."""
    errors = sorted(error.errors(include_url=False), key=lambda item: item["type"] != "extra_forbidden")
    found: dict[tuple[str, ...], ErrorDetails] = {}
    unknown: dict[tuple[str, ...], list[str]] = {}
    for each in errors:
        path, _ = _walk(each["loc"], root, schema)
        key = str(each["loc"][-1]) if each["loc"] else ""
        if each["type"] == "extra_forbidden":
            unknown.setdefault(tuple(path[:-1]), []).append(key)
        elif each["type"] == "missing":
            if did_you_mean(key, unknown.get(tuple(path), [])):
                continue  # misspelled, not missing
            path = [*path, key]
        found.setdefault(tuple(path), each)
    return list(found.values())


def _explained(first: ErrorDetails, root: Node, schema: type[BaseModel]) -> Problem:
    path, node = _walk(first["loc"], root, schema)
    key = str(first["loc"][-1]) if first["loc"] else ""
    kind, message = first["type"], first["msg"]
    if kind == "extra_forbidden":
        known = [name for name in _keys_at(first["loc"][:-1], schema) if name not in NOT_WRITTEN]
        meant = did_you_mean(key, known)
        return Problem(f"unknown key '{key}'{meant}", where=node.where,
                       fix="Rename or remove it" + ("" if meant else f"; valid keys: {', '.join(known)}"),
                       code=Code.CONFIG_KEY)
    if kind == "missing":
        field = _field_at(first["loc"], schema)
        meaning = f" ({in_short(field.description)})" if field is not None and field.description else ""
        inside = f" in {'.'.join(path)}" if path else ""
        return Problem(f"the key '{key}' is missing{inside}", where=node.where, fix=f"Add `{key}:`{meaning}",
                       code=Code.CONFIG_KEY)
    tags = _tags_at(first["loc"], schema)
    if kind == "union_tag_not_found":
        return Problem(f"the key '{_tag_key(first)}' is missing in {'.'.join(path)}", where=node.where,
                       fix=f"Add `{_tag_key(first)}:`, one of {', '.join(tags)}", code=Code.CONFIG_KEY)
    if kind == "union_tag_invalid":
        found, name = str(first["ctx"]["tag"]), _tag_key(first)
        where = node.value[name].where if isinstance(node.value, dict) and name in node.value else node.where
        return Problem(f"unknown {name} '{found}'{did_you_mean(found, tags)}", where=where,
                       fix=f"Known {name}s: {', '.join(tags)}", code=Code.CONFIG_VALUE)
    if key == "[key]":
        return Problem(f"'{path[-1] if path else ''}' is not a valid name", where=node.where, fix=_NO_NAME,
                       code=Code.CONFIG_VALUE)
    if kind == "value_error":
        what = message.removeprefix("Value error, ")
        return Problem(f"{'.'.join(path)}: {what}" if path else f"{what}", where=node.where,
                       fix="Correct this entry", code=Code.CONFIG_VALUE)
    field = _field_at(first["loc"], schema)
    meaning = f": {in_short(field.description)}" if field is not None and field.description else ""
    shown = "" if isinstance(node.value, dict | list) else f", not {repr(node.value)[:60]}"
    if kind == "string_pattern_mismatch" and first["ctx"]["pattern"] == NAME:
        return Problem(f"{'.'.join(path)} is not a valid name{shown}", where=node.where, fix=_NO_NAME,
                       code=Code.CONFIG_VALUE)
    if kind in _NO_KEYS:
        known = _keys_at(first["loc"], schema)
        instead = "{key: value}" + ("; valid keys: " + ", ".join(known) if known else "")
        if tags and isinstance(node.value, str):
            instead = f"{{operator: {node.value[:40]}}}; known operators: {', '.join(tags)}"
        return Problem(f"{'.'.join(path) or 'the file'} must have keys and values{shown}", where=node.where,
                       fix=f"Write {instead}", code=Code.CONFIG_VALUE)
    if kind == "less_than_equal" and first["ctx"]["le"] == 1:
        return Problem(f"{'.'.join(path)} is a share and must be at most 1{shown}", where=node.where,
                       fix="Write a tenth as 0.1", code=Code.CONFIG_VALUE)
    what, fix = _TYPE_MESSAGES.get(kind, (f": {message[:1].lower()}{message[1:]}", f"Correct '{key}'"))
    return Problem(f"{'.'.join(path)}{what}{shown}", where=node.where, fix=f"{fix}{meaning}", code=Code.CONFIG_VALUE)


def in_short(description: str) -> str:
    """Return the first sentence of a description, for use within another sentence."""
    first = _SENTENCE.split(description, maxsplit=1)[0].rstrip(".;")
    word = first.partition(" ")[0]
    return first if len(word) > 1 and word[:2].isupper() else first[:1].lower() + first[1:]


def _tag_key(error: ErrorDetails) -> str:
    return str(error["ctx"]["discriminator"]).strip("'")


def _walk(loc: tuple[int | str, ...], node: Node, schema: type[BaseModel]) -> tuple[list[str], Node]:
    """Return the path as written in the file and the deepest node on it; union tags are not written."""
    steps = steps_to(loc, node, schema)
    for step in steps:
        node = node.value[step]
    return [str(step + 1 if isinstance(step, int) else step) for step in steps], node


def steps_to(loc: tuple[int | str, ...], node: Node, schema: type[BaseModel] = Language) -> list[int | str]:
    """Return the keys and indices that lead to the deepest node on the path ``loc``."""
    steps: list[int | str] = []
    for at, part in enumerate(loc):
        listed = isinstance(node.value, list) and isinstance(part, int) and part < len(node.value)
        keyed = isinstance(node.value, dict) and part in node.value
        if listed or (keyed and not _is_union(_type_at(loc[:at], schema))):
            node = node.value[part]
            steps.append(part)
    return steps


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, types.UnionType)


def _field_at(loc: tuple[int | str, ...], schema: type[BaseModel]) -> FieldInfo | None:
    owner = _type_at(loc[:-1], schema)
    known = loc and isinstance(owner, type) and issubclass(owner, BaseModel)
    return _fields(owner).get(str(loc[-1])) if known else None


def _keys_at(loc: tuple[int | str, ...], schema: type[BaseModel]) -> list[str]:
    owner = _type_at(loc, schema)
    return list(_fields(owner)) if isinstance(owner, type) and issubclass(owner, BaseModel) else []


def _tags_at(loc: tuple[int | str, ...], schema: type[BaseModel]) -> list[str]:
    options = get_args(_type_at(loc, schema))
    return [tag for tag in map(_tag_of, options) if tag is not None]


def _fields(owner: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in owner.model_fields.items()}


def _type_at(loc: tuple[int | str, ...], schema: type[BaseModel]) -> Any:
    """Return the schema's type at ``loc``, tags included, or None."""
    current: Any = schema
    for part in loc:
        current = _bare(current)
        if isinstance(current, type) and issubclass(current, BaseModel):
            field = _fields(current).get(str(part))
            current = field.annotation if field is not None else None
        elif get_origin(current) in (list, dict):
            current = get_args(current)[-1]
        elif _is_union(current):
            current = next((option for option in get_args(current) if _tag_of(option) == part), None)
        else:
            return None
    return _bare(current)


def _bare(annotation: Any) -> Any:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if _is_union(annotation):
        options = [option for option in get_args(annotation) if option is not type(None)]
        return _bare(options[0]) if len(options) == 1 else annotation
    return annotation


def _tag_of(option: Any) -> str | None:
    tags = [part.tag for part in getattr(option, "__metadata__", ()) if isinstance(part, Tag)]
    for name in _TAGS if isinstance(option, type) and issubclass(option, BaseModel) else ():
        field = option.model_fields.get(name)
        if field is not None and get_origin(field.annotation) is Literal:
            tags += get_args(field.annotation)[:1]
    return tags[0] if tags else None
