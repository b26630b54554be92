"""A request's parameters against the official client's own typed parameters.

The types are the SDK's (`stripe.params…`), read at run time: what the pinned client does not know, this stand-in
refuses, so it cannot drift from the client. Form bodies (v1) arrive as text and are read by type; JSON bodies (v2)
must have it.
"""

from __future__ import annotations

import json
import re
import sys
import types
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin
from urllib.parse import parse_qsl

import typing_extensions
from stripe import RequestOptions

from marketplace.payments.fake_stripe.errors import FakeStripeError, refused_request

KEY_PARTS = re.compile(r"\[([^\]]*)\]")
METADATA_KEYS, METADATA_KEY_LENGTH, METADATA_VALUE_LENGTH = 50, 40, 500
# The request options (api_key, idempotency_key, …) are part of the SDK's types but travel as headers.
OPTIONS = frozenset(RequestOptions.__annotations__)


def read_form(text: str) -> dict[str, Any]:
    """`a[b][0]=x` as {"a": {"b": {"0": "x"}}}; lists stay dictionaries of digits until a type calls them lists."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        head, _, rest = name.partition("[")
        parts = [head, *KEY_PARTS.findall("[" + rest if rest else "")]
        node = tree
        for part in parts[:-1]:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise refused_request(f"Invalid parameter: {name}", param=name)
        node[parts[-1]] = value
    return tree


def read_json(text: str) -> dict[str, Any]:
    try:
        tree = json.loads(text or "{}")
    except ValueError as error:
        raise refused_request(f"Invalid JSON in the request's body: {error}") from error
    if not isinstance(tree, dict):
        raise refused_request("The request's body must be a JSON object")
    return tree


def check(tree: Mapping[str, Any], params_type: type, *, is_form: bool) -> dict[str, Any]:
    """The parameters with their types, or a 400 as Stripe's: unknown, missing or badly typed, with the full name."""
    return _typed_dict(tree, params_type, "", is_form)


def refuse_unmodelled(params: Mapping[str, Any], modelled: frozenset[str], *, at: str = "") -> None:
    """Stripe knows these parameters but the stand-in does not act on them: saying so beats ignoring them."""
    for name, value in params.items():
        path = f"{at}.{name}" if at else name
        if path in modelled:
            continue
        nested = value if isinstance(value, list) else [value]
        if not any(known.startswith(path + ".") for known in modelled) or not all(isinstance(v, dict) for v in nested):
            raise refused_request(f"The stand-in for Stripe does not model the parameter {path}", param=path)
        for entry in nested:
            refuse_unmodelled(entry, modelled, at=path)


@cache
def hints_of(params_type: type) -> dict[str, Any]:
    """The type of each parameter of a TypedDict of the SDK, without the request options."""
    # A class's types are named in its own module; RequestOptions names one that only type checkers import.
    modules = [sys.modules[RequestOptions.__module__], sys.modules[params_type.__module__]]
    names = {name: value for module in modules for name, value in vars(module).items()} | {"StripeContext": object}
    hints = typing_extensions.get_type_hints(params_type, names)
    is_request = OPTIONS.issubset(params_type.__annotations__)
    return {name: hint for name, hint in hints.items() if not (is_request and name in OPTIONS)}


def _typed_dict(tree: Any, params_type: Any, at: str, is_form: bool) -> dict[str, Any]:
    if not isinstance(tree, Mapping):
        raise refused_request(f"Invalid object: {at}", param=at)
    hints = hints_of(params_type)
    for name in tree:
        if name not in hints:
            path = _path(at, name)
            raise refused_request(f"Received unknown parameter: {path}", code="parameter_unknown", param=path)
    for name in sorted(params_type.__required_keys__ & set(hints)):
        if tree.get(name) in (None, ""):
            path = _path(at, name)
            raise refused_request(f"Missing required param: {path}.", code="parameter_missing", param=path)
    return {name: _value(value, hints[name], _path(at, name), is_form) for name, value in tree.items()}


def _value(value: Any, hint: Any, at: str, is_form: bool) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _one_of(value, get_args(hint), at, is_form)
    if typing_extensions.is_typeddict(hint):
        return _typed_dict(value, hint, at, is_form)
    if origin is list:
        return [_value(entry, get_args(hint)[0], f"{at}[{i}]", is_form) for i, entry in enumerate(_entries(value, at))]
    if origin is Literal:
        if value in get_args(hint):
            return value
        allowed = ", ".join(str(choice) for choice in get_args(hint) if choice)
        raise refused_request(f"Invalid {at}: must be one of {allowed}", param=at)
    if origin is dict or not isinstance(hint, type):
        return _texts(value, at)
    return _scalar(value, hint, at, is_form)


def _one_of(value: Any, choices: tuple[Any, ...], at: str, is_form: bool) -> Any:
    """Where the SDK writes `Literal[…] | str` the server still knows only the literals: the open end is left out."""
    closed = any(get_origin(choice) is Literal and any(get_args(choice)) for choice in choices)
    problem: FakeStripeError | None = None
    for choice in (choice for choice in choices if not (closed and choice is str)):
        try:
            return _value(value, choice, at, is_form)
        except FakeStripeError as error:
            fits = isinstance(value, Mapping) == (typing_extensions.is_typeddict(choice) or get_origin(choice) is dict)
            problem = error if problem is None or fits else problem
    assert problem is not None
    raise problem


def _entries(value: Any, at: str) -> list[Any]:
    if isinstance(value, Mapping) and all(key.isdigit() for key in value):
        return [value[key] for key in sorted(value, key=int)]
    if isinstance(value, list):
        return value
    raise refused_request(f"Invalid array: {at}", param=at)


def _texts(value: Any, at: str) -> dict[str, str]:
    """Metadata: its limits are Stripe's (50 keys of 40 characters, values of 500)."""
    if not isinstance(value, Mapping) or not all(isinstance(text, str) for text in value.values()):
        raise refused_request(f"Invalid hash: {at}", param=at)
    if len(value) > METADATA_KEYS:
        raise refused_request(f"{at} may have at most {METADATA_KEYS} keys", param=at)
    for key, text in value.items():
        if len(key) > METADATA_KEY_LENGTH or len(text) > METADATA_VALUE_LENGTH:
            raise refused_request(
                f"{at}[{key}]: a key has at most {METADATA_KEY_LENGTH} characters and a value {METADATA_VALUE_LENGTH}",
                param=f"{at}[{key}]",
            )
    return dict(value)


def _scalar(value: Any, hint: type, at: str, is_form: bool) -> Any:
    if hint is bool:
        if is_form and value in ("true", "false"):
            return value == "true"
        if not is_form and isinstance(value, bool):
            return value
        raise refused_request(f"Invalid boolean: {value}", param=at)
    if hint is int:
        if is_form and isinstance(value, str) and re.fullmatch(r"-?\d{1,15}", value):
            return int(value)
        if not is_form and isinstance(value, int) and not isinstance(value, bool):
            return value
        raise refused_request(f"Invalid integer: {value}", code="parameter_invalid_integer", param=at)
    if hint in (str, Decimal) and isinstance(value, str):
        return value
    raise refused_request(f"Invalid string: {value}", param=at)


def _path(at: str, name: str) -> str:
    return f"{at}[{name}]" if at else name
