from django.urls import reverse

from marketplace.checkout.models import Institution
from marketplace.foundation.models import AuditEntry
from shops.models import PickupPoint
from tests import factories
from tests.shops.portal.conftest import signed_in


def test_operator_keeps_points_and_their_price(db):
    client = signed_in(factories.operator())
    sent = {"name": "Bibliothèque", "line1": "1, rue", "city": "Laval", "postcode": "H7A 1A1", "country": "ca"}
    assert client.post(reverse("operations:point-save"), sent | {"active": "on", "price": "2,50"}).status_code == 302
    point = PickupPoint.objects.get()
    assert (point.country, point.price_minor, point.active) == ("CA", 250, True)
    assert client.get(reverse("operations:point", args=[point.pk])).context["form"]["price"].value() is not None
    client.post(reverse("operations:point-save-change", args=[point.pk]), sent)
    point.refresh_from_db()
    assert (point.price_minor, point.active) == (None, False)
    assert client.post(reverse("operations:point-save"), sent | {"price": "free"}).status_code == 422
    assert AuditEntry.objects.filter(action="point.keep").count() == 2


def test_operator_names_institutions_and_accredited_shops(db):
    client, shop = signed_in(factories.operator()), factories.shop("Librairie A")
    buyer = factories.confirmed_user("achats@example.org")
    sent = {"email": "Achats@example.org", "name": "École", "region": "06"}
    for status in (302, 422):  # once
        assert client.post(reverse("operations:institution-add"), sent).status_code == status
    assert client.post(reverse("operations:institution-add"), sent | {"email": "x@example.org"}).status_code == 422
    said = {"shop": shop.pk, "accreditation": "QC-1", "accredited_until": "2027-12-31"}
    assert client.post(reverse("operations:accredit"), said).status_code == 422
    client.post(reverse("operations:accredit"), said | {"administrative_region": "06"})
    shop.refresh_from_db()
    assert (shop.accreditation, str(shop.accredited_until), shop.administrative_region) == ("QC-1", "2027-12-31", "06")
    page = client.get(reverse("operations:institutions"))
    assert [(row.user, count, enough) for row, count, enough in page.context["rows"]] == [(buyer, 0, False)]
    assert client.get(reverse("operations:institution-report", args=[1999])).status_code == 404
    client.post(reverse("operations:institution-remove", args=[Institution.objects.get().pk]))
    assert not Institution.objects.exists()


def test_operator_names_who_hands_over_at_a_point(db):
    client, keeper = signed_in(factories.operator()), factories.confirmed_user("ada@example.org")
    sent = {"name": "Halle", "line1": "1, rue", "city": "Laval", "postcode": "H7A 1A1", "country": "CA", "active": "on"}
    factories.user("eve@example.org")  # anybody can register with an address that is not theirs
    for other in ("nobody@example.org", "eve@example.org"):
        wrong = client.post(reverse("operations:point-save"), sent | {"people": f"ada@example.org\n{other}"})
        assert (wrong.status_code, list(wrong.context["form"].errors)) == (422, ["people"])
    assert not PickupPoint.objects.exists()
    client.post(reverse("operations:point-save"), sent | {"people": "Ada@example.org"})
    point = PickupPoint.objects.get()
    assert list(point.keepers.all()) == [keeper]
    assert client.get(reverse("operations:point", args=[point.pk])).context["form"]["people"].value() == keeper.email
    client.post(reverse("operations:point-save-change", args=[point.pk]), sent)
    assert not point.keepers.exists()
    people = [entry.facts["people"] for entry in AuditEntry.objects.filter(action="point.keep").order_by("pk")]
    assert people == [["ada@example.org"], []]
