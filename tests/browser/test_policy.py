"""What the site asks of a browser: no third party, few cookies, a strict content policy, also in the back offices.
The fixture looks at what each visit said; here are the visits, and the proof that it would notice."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from marketplace.cms.models import HomePage
from tests.browser.conftest import PATIENCE
from tests.browser.watching import Watch

BACK_OFFICES = {
    "operator": [
        "/admin/",
        "/admin/auth/group/add/",
        "/dashboard/catalogue/categories/",
        "/dashboard/reviews/",
        "/cms/",
        "/cms/users/",
    ],
    "editor": ["/cms/", "/cms/images/add/", "/cms/snippets/cms/pick/add/"],
}


@pytest.mark.parametrize(("who", "paths"), BACK_OFFICES.items())
def test_back_offices_keep_to_their_policy(visit, site, who, paths):
    page = visit("/", who=getattr(site, who))
    statuses = {}
    for path in paths:
        statuses[path] = page.goto(path).status
        page.wait_for_load_state("networkidle")
    assert statuses == dict.fromkeys(paths, 200)


def test_editor_writes_and_looks_at_the_page(visit, site):
    home = HomePage.objects.get()
    page = visit(f"/cms/pages/{home.pk}/edit/", who=site.editor)
    page.locator("[name=heading_fr]").fill("Nouveau titre")
    page.locator("[data-side-panel-toggle=preview]").click()
    draft = page.frame_locator("iframe.w-preview__iframe:not(.w-preview__proxy)")
    expect(draft.locator("h1")).to_have_text("Nouveau titre")


def test_door_of_the_cms_is_ours(visit):
    page = visit("/cms/")
    assert page.url.endswith("/accounts/login/?next=/cms/")


def test_language_is_switched_and_kept(visit):
    page = visit("/shops/")
    assert page.locator("html").get_attribute("lang") == "fr"
    page.locator("button[name=language][value=en]").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.url.endswith("/shops/")
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", "en")


@pytest.mark.parametrize(
    ("script", "noticed"),
    [
        ("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">')", "inline style"),
        ("document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.2/x.png'}))", "127.0.0.2"),
        ("setTimeout(() => { throw new Error('broken') })", "broken"),
        ("document.cookie = 'tracker=1'", "cookie tracker"),
        ("fetch('/nowhere/')", "404"),
    ],
)
def test_watch_notices(visit, site, script, noticed):
    page = visit("/", watched=False)
    watch = Watch(site.url)
    watch.follow(page.context)
    page.evaluate(f"() => {{ {script} }}")
    for _ in range(PATIENCE // 100):
        watch.cookies |= {cookie["name"] for cookie in page.context.cookies()}
        if any(noticed in wrong for wrong in watch.wrong()):
            return
        page.wait_for_timeout(100)
    raise AssertionError(watch.wrong())
