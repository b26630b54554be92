from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from marketplace.foundation.models import AuditEntry
from shops.models import ShopMember

PLAIN = {"kind": "books", "reserve_hours": "0"}


def test_shop_says_what_it_is_and_readers_find_it_by_that(ours, client):
    where = reverse("portal:save-profile", args=[ours.shop.slug])
    sent = {"kind": "comics", "goods": ["comics", "children"], "services": ["cafe"], "reserve_hours": 48}
    for _ in range(2):  # the second changes nothing, and is not written down
        assert ours.client.post(where, sent).url == reverse("portal:profile", args=[ours.shop.slug])
    ours.shop.refresh_from_db()
    said = (ours.shop.kind, ours.shop.goods, ours.shop.services, ours.shop.reserve_hours)
    assert said == ("comics", ["comics", "children"], ["cafe"], 48)
    assert [entry.facts for entry in AuditEntry.objects.filter(action="shop.describe")] == [sent]
    entries = client.get("/shops/?kind=comics&service=cafe").context["entries"]
    assert [entry.card.pk for entry in entries] == [ours.shop.pk]


def test_what_is_not_on_offer_is_refused(ours):
    response = ours.client.post(
        reverse("portal:save-profile", args=[ours.shop.slug]), {"kind": "castle", "goods": "x", "reserve_hours": 999}
    )
    assert (response.status_code, sorted(response.context["form"].errors)) == (422, ["goods", "kind", "reserve_hours"])
    ours.shop.refresh_from_db()
    assert (ours.shop.kind, ours.shop.goods) == ("books", [])


@pytest.mark.parametrize("role", [ShopMember.Role.OWNER, ShopMember.Role.ACCOUNTS])
def test_owner_and_accounts_say_under_which_numbers_the_shop_sells(role, ours):
    ShopMember.objects.filter(shop=ours.shop).update(role=role)
    where = reverse("portal:save-tax", args=[ours.shop.slug])
    wrong = ours.client.post(where, {"tax_registered": "on", "tax_number": "123026635RC0001", "qst_number": "12"})
    assert (wrong.status_code, sorted(wrong.context["tax_form"].errors)) == (422, ["qst_number", "tax_number"])
    sent = {"tax_number": "12302 6635 RT0001", "qst_number": "1234567890tq0001"}
    assert ours.client.post(where, sent).status_code == 302
    ours.shop.refresh_from_db()
    assert (ours.shop.tax_registered, ours.shop.tax_number, ours.shop.qst_number) == (
        *(False, "123026635RT0001"),
        "1234567890TQ0001",
    )
    assert AuditEntry.objects.get(action="shop.tax").facts["tax_registered"] is False


def test_staff_see_the_tax_numbers_and_do_not_change_them(ours):
    response = ours.client.post(reverse("portal:save-tax", args=[ours.shop.slug]), {"tax_number": ""})
    page = ours.client.get(reverse("portal:profile", args=[ours.shop.slug]))
    assert (response.status_code, page.status_code, page.context["keeps_accounts"]) == (403, 200, False)
    ours.shop.refresh_from_db()
    assert ours.shop.tax_registered


def test_shop_gives_its_entrance_its_looks(ours, client):
    where = reverse("portal:save-profile", args=[ours.shop.slug])
    picture = BytesIO()
    Image.new("RGB", (64, 32), "#123456").save(picture, "PNG")
    logo = SimpleUploadedFile("logo.png", picture.getvalue())
    assert (
        ours.client.post(where, {"kind": "books", "reserve_hours": "0", "colour": "#123456", "logo": logo}).status_code
        == 302
    )
    page = client.get(f"/at/{ours.shop.slug}/").content.decode()
    ours.shop.refresh_from_db()
    assert f'<img src="{ours.shop.logo.url}" alt="{ours.shop.name}"' in page
    assert "--green:#123456" in client.get(f"/shops/{ours.shop.slug}/colours.css").content.decode()
    assert f"http://testserver/at/{ours.shop.slug}/" in ours.client.get(where.replace("save/", "")).content.decode()


@pytest.mark.parametrize(
    "sent",
    [
        {"colour": "#eeeeee"},
        {"colour": "green"},
        {"colour_dark": "#202020"},
        {"logo": SimpleUploadedFile("logo.png", b"<script>")},
    ],
)
def test_looks_that_nobody_could_see_are_refused(ours, sent):
    response = ours.client.post(
        reverse("portal:save-profile", args=[ours.shop.slug]), {"kind": "books", "reserve_hours": "0", **sent}
    )
    assert (response.status_code, list(response.context["form"].errors)) == (422, list(sent))


def test_shop_describes_itself_in_both_languages(ours, client):
    where = reverse("portal:save-profile", args=[ours.shop.slug])
    assert ours.client.post(where, PLAIN | {"description_fr": "Au port.", "description_en": "By the port."}).url
    page = client.get(ours.shop.get_absolute_url(), headers={"Accept-Language": "en"})
    assert "By the port." in page.content.decode()
    too_long = ours.client.post(where, PLAIN | {"description_en": "x" * 3001})
    assert set(too_long.context["form"].errors) == {"description_en"}
