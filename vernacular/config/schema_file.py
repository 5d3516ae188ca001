"""Generate the JSON Schema of language.yaml for editors; keys with defaults are optional."""

from __future__ import annotations

import json
from typing import Any

from vernacular.config.schema import NOT_WRITTEN, Language

_FILLED = ("Model", "Task")  # defaults.yaml (model:, task:) and `extends` may fill these
_PARTS_FILLED = ("Pretraining", "Base")


def schema_text() -> str:
    """Return the schema as JSON text, ending with a newline."""
    schema: dict[str, Any] = Language.model_json_schema(by_alias=True, mode="validation")
    for name in NOT_WRITTEN:
        schema["properties"].pop(name, None)
    schema["required"] = [name for name in schema["required"] if name not in NOT_WRITTEN]
    for name in (*_FILLED, *_PARTS_FILLED):
        schema["$defs"][name].pop("required", None)
    for part in (schema, *schema["$defs"].values()):
        part["description"] = part.get("description", "").split("\n")[0]
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "language.yaml"},
                      indent=1, ensure_ascii=False) + "\n"
