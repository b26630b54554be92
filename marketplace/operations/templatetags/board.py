"""Tags of the board's own pages."""

from __future__ import annotations

from typing import Any

from django import template

from marketplace.foundation.navigation import Group
from marketplace.operations import navigation

register = template.Library()


@register.simple_tag(takes_context=True)
def board_groups(context: dict[str, Any]) -> list[Group]:
    """Where one is, and what there is."""
    match = context["request"].resolver_match
    return navigation.groups(match.url_name, match.kwargs.get("name", "")) if match else navigation.groups("")
