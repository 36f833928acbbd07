"""What is wrong with a value that somebody gave, in words: pydantic's own are for programmers."""

from collections.abc import Mapping
from typing import Any

from aggregator.watches import NAME

_FORMS = {
    NAME: "lower-case letters, digits, - and _, 64 at most",
    r"\w": "a letter or a digit",
    r"^[\w-]*$": "letters, digits, - and _",
}
_WORDS = {
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number of fewer digits",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "finite_number": "a number that has an end",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "text",
    "string_unicode": "text in UTF-8",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "too_short": "at least {min_length} values",
    "too_long": "at most {max_length} values",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "json_invalid": "JSON",
}


def in_words(error: Mapping[str, Any]) -> str:
    """One of the errors of a ValidationError as a part of a sentence, without the key and the value."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        return "it is missing"
    if kind == "literal_error":
        return f"expected one of: {_listed(context['expected'])}"
    if kind == "string_pattern_mismatch":
        pattern = context["pattern"]  # in options of sources they say more than words
        return f"expected {_FORMS.get(pattern, f'the form {pattern}')}"
    if kind in ("too_short", "too_long") and isinstance(error["input"], str):
        kind = f"string_{kind}"  # of a text that is checked further
    if kind in _WORDS:
        bounds = {k: f"{v:g}" if isinstance(v, float) else v for k, v in context.items()}
        return f"expected {_WORDS[kind].format(**bounds)}"
    # Said by a check of our own, or rare: "Input should be a valid URL …".
    message = str(error["msg"]).removeprefix("Value error, ")
    return message.replace("Input should be", "expected").rstrip(".")


def _listed(expected: str) -> str:
    """'a', 'b' or 'c' -> a, b, c."""
    return expected.replace(" or ", ", ").replace("'", "")
