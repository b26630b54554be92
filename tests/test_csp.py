"""The policy is strict wherever a reader can be, and wider only for staff in the back offices."""

from __future__ import annotations

import pytest

from tests import factories

pytestmark = pytest.mark.django_db


def directives(answer) -> dict[str, str]:
    header = answer.headers["Content-Security-Policy"]
    return dict(part.strip().partition(" ")[::2] for part in header.split(";") if part.strip())


@pytest.mark.parametrize("path", ["/", "/shops/", "/accounts/login/", "/nowhere/", "/cms/", "/admin/login/"])
def test_policy_is_strict_for_visitors(client, path):
    found = directives(client.get(path))
    assert {found["script-src"], found["style-src"]} == {"'self'"}
    assert (found["default-src"], found["frame-ancestors"]) == ("'none'", "'none'")


@pytest.mark.parametrize("path", ["/cms/", "/dashboard/reviews/"])
def test_policy_of_back_offices_names_no_other_origin(client, path):
    client.force_login(factories.user(is_staff=True, is_superuser=True))
    found = directives(client.get(path))
    assert found["script-src"] == "'self' 'unsafe-inline'"
    assert (found["frame-src"], found["frame-ancestors"]) == ("'self'", "'none'")
    own = {"'self'", "'none'", "'unsafe-inline'", "data:", "blob:", "https://checkout.stripe.com"}
    assert {source for sources in found.values() for source in sources.split()} <= own


def test_policy_stays_strict_for_staff_elsewhere(client):
    client.force_login(factories.user(is_staff=True, is_superuser=True))
    for path in ("/", "/board/", "/admin/"):
        assert directives(client.get(path))["script-src"] == "'self'"


def test_dashboards_fetch_nothing_from_elsewhere(client):
    client.force_login(factories.user(is_staff=True, is_superuser=True))
    page = client.get("/dashboard/reviews/").content.decode()
    assert "googleapis" not in page
    assert "oscar/js/jquery/jquery.min.js" in page
