"""What ``vernacular explain`` prints, as lines."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from vernacular.config.explain import in_short
from vernacular.explain.keys import ROOTS, Key, Section, all_keys, sections
from vernacular.explain.lookup import BUILT_IN, Found, Value
from vernacular.explain.types import NOT_SET, REQUIRED, yaml_text

_WIDTH, _MOST_LISTED = 100, 60


def section_lines() -> Iterator[str]:
    """The sections of all files, each with what it is for."""
    for root in ROOTS:
        yield root.file
        found = [section for section in sections() if section.root is root and not section.variant]
        names = {section.path for section in found}
        described: dict[str, str] = {}
        for _, key in all_keys():
            if key.below:
                described.setdefault(".".join(key.below), key.description)
        top = next(section for section in found if section.path == root.path)
        plain = [key.name for key in top.keys if key.below not in names]
        if plain:
            yield f"  {', '.join('.'.join((*root.path, name)) for name in plain)}"
        for section in found:
            if section.path != root.path:
                yield from _row(section.name, in_short(described.get(section.name, section.text)), 42)
    yield "defaults.yaml"
    yield "  cleaning, splits, behaviour as above; model: the keys of models, task: the keys of tasks"
    yield ""
    yield "`vernacular explain models.lora` lists a section, `vernacular explain seeds` finds a key by its end."


def answer_lines(found: Found, values: Sequence[Value], code: str | None) -> Iterator[str]:
    """The key with description, type, default, example and the values that the language has; what is below it."""
    shown: list[tuple[str, str]] = []
    for section, key in found.keys:
        if (key.description, key.default) not in shown:
            shown.append((key.description, key.default))
            yield from _key_lines(found, section, key)
    if not found.keys:
        section = found.below[-1]
        yield f"{'.'.join(found.path)}   ({section.root.file}: {section.written})"
        yield from _wrapped(section.text)
    if code is not None and not found.below:
        yield from _value_lines(found, values, code)
    kinds = [section for section in found.below if section.variant]
    for section in found.below:
        if section not in kinds or len(kinds) == 1:
            yield ""
            for key in section.keys:
                yield from _row(key.name, in_short(key.description) + _default(key), 24)
    if len(kinds) > 1:
        yield ""
        yield f"  Kinds; `vernacular explain {'.'.join((*found.path, kinds[0].variant))}` lists the keys of one:"
        for section in kinds:
            yield from _row(section.variant, in_short(section.text), 24)


def _default(key: Key) -> str:
    if key.default in ("", NOT_SET, "[]", "{}", yaml_text("")):
        return ""
    return f" ({key.default})" if key.default == REQUIRED else f" (default {key.default})"


def _key_lines(found: Found, section: Section, key: Key) -> Iterator[str]:
    kinds = [one.variant for one, other in found.keys if one.variant and other.description == key.description]
    of_kinds = f"; kind: {', '.join(kinds)}" if kinds else ""
    written = f"{section.written} {key.name}:".lstrip()
    if len(section.path) + 1 != len([part for part in found.path if part != section.variant]):  # shown elsewhere
        written = f"as {'.'.join((*section.path, key.name))}"
    yield f"{'.'.join(found.path)}   ({section.root.file}: {written}{of_kinds})"
    yield from _wrapped(key.description)
    if key.below is None:
        yield f"  type      {key.allowed.replace('`', '')}"
    if key.default:
        yield f"  default   {key.default}"
    if key.example:
        yield f"  example   {key.example}"


def _value_lines(found: Found, values: Sequence[Value], code: str) -> Iterator[str]:
    if not found.keys:
        return
    if found.keys[0][0].root is not ROOTS[0]:
        yield f"  {code:<9} see languages/{code}/{found.keys[0][0].root.file}: values of tests are not looked up"
        return
    default = found.keys[0][1].default
    for number, value in enumerate(values[:_MOST_LISTED]):
        label = code if number == 0 else ""
        text = default if value.where == BUILT_IN else NOT_SET if value.value is None else yaml_text(value.value)
        yield f"  {label:<9} {value.path} = {text}   ({value.where})"
    if not values:
        yield f"  {code:<9} has no entry that this key belongs to"
    elif len(values) > _MOST_LISTED:
        yield f"            and {len(values) - _MOST_LISTED} more"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text.replace("``", "`"), _WIDTH, initial_indent="  ", subsequent_indent="  ")


def _row(name: str, text: str, width: int) -> list[str]:
    lines = textwrap.wrap(text.replace("``", "`"), _WIDTH - width) or [""]
    first = f"  {name:<{width}} "
    return [first + lines[0], *(" " * len(first) + line for line in lines[1:])]
