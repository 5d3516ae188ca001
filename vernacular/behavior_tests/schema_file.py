"""Generate the JSON Schema of ``behaviour/*.yaml`` for editors."""

from __future__ import annotations

import json
from typing import Any

from vernacular.behavior_tests.schema import UNREVIEWED, Suite


def schema_text() -> str:
    """Return the schema as JSON text, ending with a newline."""
    schema: dict[str, Any] = Suite.model_json_schema(by_alias=True, mode="validation")
    schema["$defs"]["BehaviourTest"]["properties"]["reviewed"]["anyOf"].append({"const": UNREVIEWED})
    for part in (schema, *schema["$defs"].values()):
        part["description"] = part.get("description", "").split("\n")[0]
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "behaviour.yaml"},
                      indent=1, ensure_ascii=False) + "\n"
