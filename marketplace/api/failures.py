"""Everything that is no success has one shape: what it is, in words, and where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, JsonResponse
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError

CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    422: "invalid",
    429: "too_many_calls",
}
_TOLD = 5


class Failure(Schema):
    """`error`: bad_request, unauthorized, forbidden, not_found, method_not_allowed, conflict, too_large, invalid or
    too_many_calls. `message` is for people. `where`: the part of the call that is meant, like "query.price", or
    empty."""

    error: str
    message: str
    where: str


class CallError(HttpError):
    """An answer that is no success, from anywhere below a route."""

    def __init__(self, status_code: int, message: str, *, where: str = "") -> None:
        super().__init__(status_code, message)
        self.where = where


def answer(status: int, message: str, where: str = "") -> JsonResponse:
    return JsonResponse({"error": CODES.get(status, "error"), "message": message, "where": where}, status=status)


def answer_all(api: NinjaAPI) -> None:
    """Let each route of `api` answer in this shape."""
    api.add_exception_handler(HttpError, _refused)
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(RequestDataTooBig, lambda request, error: answer(413, "The body is too large.", "body"))
    api.add_exception_handler(
        SuspiciousOperation, lambda request, error: answer(400, "There is too much in this call.")
    )
    api.add_exception_handler(Http404, lambda request, error: answer(404, "There is nothing at this address."))


def _refused(request: HttpRequest, error: Any) -> JsonResponse:
    return answer(error.status_code, str(error), getattr(error, "where", ""))


def _invalid(request: HttpRequest, error: Any) -> JsonResponse:
    """The first few of what is wrong in words, and where the first is."""
    told = [(_where(one["loc"]), one["msg"]) for one in error.errors[:_TOLD]]
    return answer(422, "; ".join(f"{where}: {message}" for where, message in told), told[0][0])


def _where(place: Sequence[str | int]) -> str:
    """("body", "asked", "gtins", 3) → "body.gtins.3": the second is the name of a parameter of ours."""
    source, *inner = map(str, place)
    return ".".join([source, *(inner[1:] if len(inner) > 1 else inner)])[:200]
