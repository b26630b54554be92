"""What `{% kept %}` renders once: by language, network and the named values, without anything of the visitor."""

from __future__ import annotations

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.utils.translation import override

from marketplace.storefront.templatetags import kept
from tests import factories

pytestmark = pytest.mark.django_db

ASKED = Template(
    "{% load kept %}{% kept word=said %}[{{ network.name }} {{ word }} {{ visitor }} {{ seen.pop }}]{% endkept %}"
)


def asked(said: str, **context) -> str:
    return ASKED.render(Context({"said": said, **context}))


def test_it_is_rendered_once_for_each_value_and_language_until_the_network_changes():
    part = Template("{% load i18n kept %}{% kept word=said %}{{ word }} {{ network.name }}{% endkept %}")
    node = part.nodelist[-1]
    for language in ("fr", "en"):
        with override(language):
            assert [part.render(Context({"said": said})) for said in ("a", "b", "a")] == [
                "a Halles",
                "b Halles",
                "a Halles",
            ]
    assert sorted(node._kept[1]) == [("en", "a"), ("en", "b"), ("fr", "a"), ("fr", "b")]
    factories.network(name="Les Halles")
    assert part.render(Context({"said": "a"})) == "a Les Halles"
    assert len(node._kept[1]) == 1


def test_nothing_of_the_visitor_is_seen_inside():
    assert asked("x", visitor="Zoé", seen=["secret"]) == "[Halles x  ]"


def test_what_is_named_is_escaped():
    assert "&lt;script&gt;" in asked("<script>")


def test_no_more_is_kept_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(kept, "MOST_PARTS", 2)
    for number in range(5):
        asked(str(number))
    assert len(ASKED.nodelist[-1]._kept[1]) == 1


def test_a_value_without_a_name_is_refused():
    with pytest.raises(TemplateSyntaxError, match="name=value"):
        Template("{% load kept %}{% kept said %}{% endkept %}")
