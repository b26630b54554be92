"""What readers wrote, where the desk's queue says what is to do."""

from __future__ import annotations

from django import template
from django.template import Context
from django.utils import timezone

from shops.portal import threads_queue
from shops.portal.threads_queue import Waiting

register = template.Library()


@register.simple_tag(takes_context=True)
def threads_waiting(context: Context) -> Waiting:
    """Of the shop at hand, for the person who looks."""
    return threads_queue.waiting(context["request"].user, context["shop"], now=timezone.now())
