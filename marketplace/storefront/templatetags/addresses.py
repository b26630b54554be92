"""What a page says of its own address: the one it is known by, the same in other languages, where a switch leads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from marketplace import languages
from marketplace.catalogue.models import ProductFacts
from search import names

register = template.Library()


@register.simple_tag(takes_context=True)
def canonical(context: dict[str, Any], path: str, page: int = 1) -> SafeString:
    """`<link rel="canonical">`, and where the site has several languages the page's address in each. `path` begins with
    a slash; the first page of several needs no number."""
    request, offered = context["request"], [code for code, _name in context["site_languages"]]
    plain = request.build_absolute_uri(f"{path}?{urlencode({'page': page})}" if page > 1 else path)
    here = (get_language() or settings.LANGUAGE_CODE)[:2]
    said = format_html('<link rel="canonical" href="{}">', languages.address_in(here, plain))
    if len(offered) < 2 or settings.LANGUAGE_CODE not in offered:
        return said
    others = [(code, languages.address_in(code, plain)) for code in offered] + [("x-default", plain)]
    return said + format_html_join("", '\n  <link rel="alternate" hreflang="{}" href="{}">', others)


@register.simple_tag(takes_context=True)
def here(context: dict[str, Any]) -> str:
    """This page's address with its parameters, but for the language: where choosing one leads back to."""
    request: HttpRequest = context["request"]
    if languages.PARAMETER not in request.GET:
        return request.get_full_path()
    parameters = request.GET.copy()
    del parameters[languages.PARAMETER]
    return f"{request.path}?{parameters.urlencode()}" if parameters else request.path


@register.simple_tag(takes_context=True)
def absolute(context: dict[str, Any], path: str) -> str:
    """A path with scheme and host."""
    return str(context["request"].build_absolute_uri(path))


@register.filter
def people(facts: ProductFacts) -> list[tuple[str, str]]:
    """(name, address of their page) of those who stand beside the title in lists."""
    written = facts.contributors_text
    return _with_pages(person for person in facts.contributors if person.get("name", "") in written) or [(written, "")]


@register.filter
def everyone(facts: ProductFacts) -> list[tuple[str, str]]:
    """The same of all who had a part in it."""
    return _with_pages(facts.contributors) or [(facts.contributors_text, "")]


@register.simple_tag
def page_link(name: str, kind: str) -> SafeString | str:
    """`{% page_link facts.publisher "publisher" %}`: the name with a link to its page, or alone where it can have
    none."""
    address = names.address(kind, name) if name else ""
    return format_html('<a href="{}">{}</a>', address, name) if address else name


def _with_pages(people: Iterable[dict[str, str]]) -> list[tuple[str, str]]:
    written = dict.fromkeys(person["name"] for person in people if person.get("name"))
    return [(names.shown("author", name), names.address("author", name)) for name in written]
