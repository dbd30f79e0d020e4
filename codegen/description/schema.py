"""The JSON Schema of robot files, for editors: what `load` checks, as far as it can be said there.

It is made from the parts that validate a file and from the tables in their docstrings, so that a
new key needs nothing here.  Draft 7 is what every version of yaml-language-server knows.
"""

import json
import re
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from vgps.codegen.description.blueprint import Blueprint
from vgps.codegen.description.documentation import documentation


def robot_schema() -> dict[str, Any]:
    """The JSON Schema (draft 7) of robot files."""
    schema = Blueprint.model_json_schema(schema_generator=_Generator)
    parts, kinds = schema.pop("$defs"), dict[str, Any]()
    every = _with_references({"robot": schema, "parts": parts}, kinds)
    return every["robot"] | {"$defs": every["parts"] | kinds}


def schema_text() -> str:
    """The same as a file, in ASCII, which is read alike under every locale."""
    return json.dumps(robot_schema(), indent=2) + "\n"


class _Generator(GenerateJsonSchema):
    """Pydantic's for a robot file, in which a key is there or it is not: it is never null."""

    schema_dialect = "http://json-schema.org/draft-07/schema#"

    def generate(self, schema: CoreSchema, mode: JsonSchemaMode = "validation") -> JsonSchemaValue:
        return {"$schema": self.schema_dialect} | super().generate(schema, mode)

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False  # it would repeat the key

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        result = super().model_schema(schema)
        del result["title"]
        prose, meanings = documentation(schema["cls"])
        result["description"] = prose
        for key, value in result["properties"].items():
            if key in meanings:
                value["description"] = meanings[key]
        return result

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        result = super().default_schema(schema)
        if not isinstance(result.get("default"), int | float | str):
            result.pop("default", None)
        return result

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        result = super().dict_schema(schema)
        result.pop("patternProperties", None)  # which would let any other key pass
        keys = self.generate_inner(schema["keys_schema"])
        if keys != {"type": "string"}:
            result["propertyNames"] = keys
        return result | {"additionalProperties": self.generate_inner(schema["values_schema"])}

    def tuple_schema(self, schema: core_schema.TupleSchema) -> JsonSchemaValue:
        result = super().tuple_schema(schema)
        if "prefixItems" in result:  # a word of later drafts
            result["items"] = result.pop("prefixItems")
        return result


def _with_references(schema: Any, shared: dict[str, Any]) -> Any:
    """The schema with a reference for each titled kind of value, which goes into ``shared``.

    What is said of one key stays beside its reference.
    """
    if isinstance(schema, list):
        return [_with_references(item, shared) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kind = {key: _with_references(value, shared) for key, value in schema.items()}
    if not isinstance(kind.get("title"), str):
        return kind
    about = {key: kind.pop(key) for key in ("description", "default") if key in kind}
    name = re.sub(r"\W+", "-", kind["title"])
    if shared.setdefault(name, kind) != kind:
        return kind | about
    return {"$ref": f"#/$defs/{name}"} | about
