"""Validators of values in a robot file that also say what they take, in words of JSON Schema."""

from collections.abc import Callable
from typing import Any

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class Check:
    """For `Annotated`: a function that comes before pydantic's own validation.

    keywords  of JSON Schema, in place of those of the annotated type
    """

    def __init__(self, validate: Callable[..., Any], **keywords: Any) -> None:
        self.validate, self.keywords = validate, keywords

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return BeforeValidator(self.validate).__get_pydantic_core_schema__(source, handler)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(schema) | self.keywords
