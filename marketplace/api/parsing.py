"""A call's body as values. None of them holds a NUL, which no text of ours does: PostgreSQL stores none."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

NUL = "\0"


class PlainParser(Parser):
    def parse_body(self, request: HttpRequest) -> Any:
        """ValueError where one does; the caller is told that the body cannot be read."""
        body = super().parse_body(request)
        if b"\\u0000" in request.body and _holds(body):
            raise ValueError("There is a NUL in it.")
        return body


def _holds(value: object) -> bool:
    if isinstance(value, dict):
        return any(_holds(each) for pair in value.items() for each in pair)
    return any(map(_holds, value)) if isinstance(value, list) else isinstance(value, str) and NUL in value
