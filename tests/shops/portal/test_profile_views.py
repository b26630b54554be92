from django.urls import reverse

from marketplace.foundation.models import AuditEntry


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
