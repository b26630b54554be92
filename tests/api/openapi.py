"""Checks a JSON value against the OpenAPI document. Stricter than JSON Schema: what the document does not name must not
be there. It knows the words that our document uses, and refuses any other."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

_TYPES = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}
_FORMATS = {"date": date.fromisoformat, "date-time": datetime.fromisoformat, "time": time.fromisoformat}
_TOLD_ELSEWHERE = {"title", "description", "default"}
_KNOWN = {"$ref", "anyOf", "enum", "type", "format", "properties", "required", "items", "additionalProperties"}


def wrong(value: Any, schema: dict[str, Any], document: dict[str, Any], where: str = "$") -> list[str]:
    """What does not fit, each with its place; empty where all does."""
    if unknown := set(schema) - _KNOWN - _TOLD_ELSEWHERE:
        raise ValueError(f"{where}: this checker does not know {sorted(unknown)}.")
    if "$ref" in schema:
        return wrong(value, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document, where)
    if "anyOf" in schema:
        tried = [wrong(value, one, document, where) for one in schema["anyOf"]]
        return [] if [] in tried else min(tried, key=len)
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where}: {value!r} is none of {schema['enum']}"]
    kind = schema.get("type")
    if kind and (not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return [f"{where}: {value!r} is no {kind}"]
    if kind == "object":
        return _wrong_object(value, schema, document, where)
    if kind == "array":
        parts = [wrong(part, schema["items"], document, f"{where}[{n}]") for n, part in enumerate(value)]
        return [one for part in parts for one in part]
    if schema.get("format") in _FORMATS:
        try:
            _FORMATS[schema["format"]](value)
        except ValueError:
            return [f"{where}: {value!r} is no {schema['format']}"]
    return []


def _wrong_object(value: dict[str, Any], schema: dict[str, Any], document: dict[str, Any], where: str) -> list[str]:
    properties, others = schema.get("properties", {}), schema.get("additionalProperties")
    found = [f"{where}: {name} is missing" for name in schema.get("required", []) if name not in value]
    for name, part in value.items():
        if name in properties or isinstance(others, dict):
            found += wrong(part, properties.get(name, others), document, f"{where}.{name}")
        elif not others:
            found.append(f"{where}: {name} is not in the document")
    return found
