"""Tags of the board's own pages."""

from __future__ import annotations

from typing import Any

from django import template

from marketplace.foundation.navigation import Group
from marketplace.operations import navigation, roles

register = template.Library()


@register.simple_tag(takes_context=True)
def board_groups(context: dict[str, Any]) -> list[Group]:
    """Where one is, and what there is."""
    request = context["request"]
    match, may = request.resolver_match, roles.of_request(request)
    here, argument = (match.url_name, match.kwargs.get("name", "")) if match else ("", "")
    return navigation.groups(here, argument, may)
