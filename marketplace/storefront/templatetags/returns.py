"""What readers send back, where the desk's queue says what is to do."""

from __future__ import annotations

from django import template
from django.template import Context
from django.utils import timezone

from shops.portal import returns_queue
from shops.portal.returns_queue import Waiting

register = template.Library()


@register.simple_tag(takes_context=True)
def returns_waiting(context: Context) -> Waiting:
    """Of the shop at hand, for the person who looks."""
    return returns_queue.waiting(context["request"].user, context["shop"], now=timezone.now())
