"""Parts of pages that are the same for everybody: rendered once, not for every visitor."""

from __future__ import annotations

from collections.abc import Mapping

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.template.context import Context
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from marketplace.foundation import network
from marketplace.foundation.models import Network

register = template.Library()

MOST_PARTS = 1000  # of one place in one template: of a shop's card, in a language


@register.tag
def kept(parser: Parser, token: Token) -> KeptNode:
    """`{% kept card=offer.shop %}…{% endkept %}`: once for each language and each of the values, until the network's
    row is read again (each few seconds). What is inside sees `network` and the named values, nothing of the visitor:
    neither the request nor the form's token. Values are compared by `==`: texts, numbers, cards of shops."""
    _name, *bits = token.split_contents()
    values = token_kwargs(bits, parser)
    if bits:
        raise template.TemplateSyntaxError(f"kept takes names with values (name=value), not {' '.join(bits)!r}.")
    nodes = parser.parse(("endkept",))
    parser.delete_first_token()
    return KeptNode(nodes, values)


class KeptNode(template.Node):
    def __init__(self, nodelist: NodeList, values: Mapping[str, FilterExpression]) -> None:
        self.nodelist = nodelist
        self.values = values
        self._kept: tuple[Network | None, dict[tuple[object, ...], SafeString]] = (None, {})

    def render(self, context: Context) -> SafeString:
        current = network.current()
        if self._kept[0] is not current:
            self._kept = (current, {})
        parts = self._kept[1]
        values = {name: value.resolve(context) for name, value in self.values.items()}
        key = (get_language(), *values.values())
        part = parts.get(key)
        if part is None:
            if len(parts) >= MOST_PARTS:
                parts.clear()
            part = parts[key] = self.nodelist.render(context.new({"network": current, **values}))
        return part
