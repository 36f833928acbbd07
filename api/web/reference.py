"""The API reference at /docs, made from the OpenAPI document on the server: no script, no other host."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from api.deps import ServicesDep
from api.web.view import page

router = APIRouter(include_in_schema=False, default_response_class=Response)


@router.get("/docs")
def show_reference(request: Request, services: ServicesDep) -> Response:
    """The API reference."""
    document = request.app.openapi()
    topic = [("topic", one.name) for one in services.config.topics[:1]]
    values = {
        "info": document["info"],
        "groups": groups(document),
        "schemas": {name: fields(schema) for name, schema in _schemas(document).items()},
        "asked": urlencode([*topic, ("limit", 5)]),
        "about": {name: s.get("description", "") for name, s in _schemas(document).items()},
    }
    return page(request, "reference.html", values)


def groups(document: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """tag -> its operations, as the template shows them."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            shown = {
                "method": method.upper(),
                "path": path,
                "anchor": operation["operationId"],
                "description": operation.get("description", ""),
                "parameters": [_parameter(p) for p in operation.get("parameters", ())],
                "body": _body(document, operation),
                "token": bool(operation.get("security")),
                "responses": [_response(document, *one) for one in operation["responses"].items()],
            }
            found.setdefault(operation["tags"][0], []).append(shown)
    for operations in found.values():  # what is asked most first: lists, one of them, its parts
        operations.sort(key=lambda one: (one["method"] != "GET", one["path"].count("/")))
    return found


def fields(schema: Mapping[str, Any]) -> list[dict[str, str]]:
    """The fields of an object: name, type and description."""
    return [
        {"name": name, "type": type_of(field), "description": field.get("description", "")}
        for name, field in schema.get("properties", {}).items()
    ]


def type_of(schema: Mapping[str, Any]) -> str:
    """A JSON schema in a few words: "list of Paper", "string or null", "one of new, hot"."""
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_of(one) for one in schema["anyOf"]))
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if schema.get("type") == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {type_of(schema['additionalProperties'])}"
    if schema.get("format") == "date-time":
        return "moment"
    return schema.get("type", "anything")


def _schemas(document: Mapping[str, Any]) -> dict[str, Any]:
    return document.get("components", {}).get("schemas", {})


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    schema = parameter["schema"]
    default = schema.get("default")
    return {
        "name": parameter["name"],
        "where": parameter["in"],
        "type": type_of(schema) + _bounds(schema),
        "default": "" if default in (None, "", []) else json.dumps(default),
        "description": parameter.get("description", ""),
    }


def _body(document: Mapping[str, Any], operation: Mapping[str, Any]) -> dict[str, str]:
    """What a request must bring: the name of its form, and an example; empty for none."""
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    if not schema:
        return {}
    return {"type": type_of(schema), "example": _example(document, schema)}


def _bounds(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None and high is None:
        return ""
    return f", {'' if low is None else low}–{'' if high is None else high}"


def _response(
    document: Mapping[str, Any], status: str, response: Mapping[str, Any]
) -> dict[str, str]:
    content = response.get("content", {})
    schema = next(iter(content.values()), {}).get("schema", {})
    return {
        "status": "other" if status == "default" else status,
        "description": response.get("description", ""),
        "media": ", ".join(content),
        "type": type_of(schema) if schema else "",
        "example": _example(document, schema) if status == "200" else "",
    }


def _example(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    value = _example_value(document, schema)
    return "" if value is None else json.dumps(value, ensure_ascii=False, indent=2)


def _example_value(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    """The example of a schema, put together from those of its parts where it has none."""
    if "$ref" in schema:
        schema = _schemas(document)[schema["$ref"].rpartition("/")[2]]
    if "example" in schema:
        return schema["example"]
    if "examples" in schema:
        return schema["examples"][0]
    if "default" in schema:
        return schema["default"]
    if "const" in schema:
        return schema["const"]
    if schema.get("type") == "array":
        item = _example_value(document, schema["items"])
        return [] if item is None else [item]
    if "properties" in schema:
        parts = schema["properties"].items()
        return {name: _example_value(document, part) for name, part in parts}
    return {"integer": 0, "number": 0.0, "boolean": False, "string": ""}.get(schema.get("type", ""))
