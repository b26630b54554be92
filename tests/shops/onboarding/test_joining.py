"""A shop asks to join, answers, sends papers, and is taken in or not."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from marketplace.foundation.models import AuditEntry, MailMessage
from search import availability
from search.availability import Place
from shops import lifecycle, team
from shops.models import Application, ApplicationDocument, Business, ChecklistItem, Invitation, Shop
from shops.onboarding import agreement, applying, checklist, documents
from tests import factories

pytestmark = pytest.mark.django_db

COMPANY = {
    "kind": "company", "contact_name": "Zoé Roy", "email": "zoe@example.org", "legal_name": "Neuve inc.",
    "registration": "1140000000", "tax_registered": "on", "tax_number": "123456782 RT0001", "name": "Librairie Neuve",
    "shop_kind": "books", "line1": "1, rue du Port", "city": "Laval", "postcode": "H7A 1A1", "country": "ca",
    "phone": "+1 514 555 0100", "branches": "1", "declares": "on",
}  # fmt: skip
PERSON = {**COMPANY, "kind": "individual", "legal_name": "", "registration": "", "born_on": "1980-05-01"}
PERSON |= {"tax_registered": "", "tax_number": "", "sells_as": "private"}


@pytest.fixture(autouse=True)
def private(settings, tmp_path):
    settings.VAR_DIR = tmp_path


@pytest.fixture
def board() -> Client:
    client = Client()
    client.force_login(factories.operator("op@example.org"))
    return client


def applied(**changes: str) -> Application:
    Client().post(reverse("joining:join"), COMPANY | changes)
    row = Application.objects.get()
    assert applying.confirm(row, now=timezone.now())
    return row


def at(name: str, row: Application, *rest: object) -> str:
    return reverse(f"joining:{name}", args=[row.pk, applying.key_of(row), *rest])


def picture(kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, kind)
    return file.getvalue()


def test_from_form_to_shop(client, board):
    assert client.get("/join/").status_code == 200
    assert client.post("/join/", COMPANY).url == reverse("joining:sent")
    row = Application.objects.get()
    assert (row.state, row.tax_number, row.country) == ("new", "123456782RT0001", "CA")
    letter = MailMessage.objects.get()
    assert (letter.to, letter.kind) == ("zoe@example.org", "application_confirm")
    assert at("application", row) in letter.text
    client.get(at("application", row))
    row.refresh_from_db()
    assert row.state == "new"  # a program that looks at links confirms nothing
    client.post(at("confirm", row))
    assert row.name in board.get(reverse("operations:list", args=["applications"])).content.decode()
    board.post(reverse("operations:application-ask", args=[row.pk]), {"text": "Quel loyer?"})
    assert "Quel loyer?" in client.get(at("application", row)).content.decode()
    assert "Quel loyer?" in MailMessage.objects.get(kind="application_asked").text
    client.post(at("say", row), {"text": "Voici <b>tout</b>"})
    row.refresh_from_db()
    assert row.state == "applied"
    page = board.get(reverse("operations:application", args=[row.pk])).content.decode()
    assert "Voici &lt;b&gt;tout" in page
    said = {"slug": "neuve", "timezone": "America/Toronto"}
    board.post(reverse("operations:application-approve", args=[row.pk]), said)
    shop = Shop.objects.get()
    assert (shop.status, shop.tax_number, shop.legal_name, shop.phone) == (
        "draft", "123456782RT0001", "Neuve inc.", "+1 514 555 0100",
    )  # fmt: skip
    assert shop.business.legal_name == "Neuve inc."
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.role) == ("zoe@example.org", "owner")
    owner = factories.confirmed_user("zoe@example.org")
    assert team.accept(invitation, by=owner, now=timezone.now())
    client.force_login(owner)
    assert client.get(reverse("portal:start", args=["neuve"])).status_code == 200
    assert not client.post(at("say", row), {"text": "Encore"}, follow=True).context["application"].is_open
    assert row.messages.count() == 2


def test_person_in_their_own_name_needs_no_register(client):
    assert client.post("/join/", PERSON).status_code == 302
    assert Application.objects.get().born_on.year == 1980


@pytest.mark.parametrize(
    ("said", "is_professional"),
    [(PERSON, False), (PERSON | {"sells_as": "trader"}, True), (COMPANY | {"sells_as": "private"}, True)],
)
def test_whether_a_person_sells_as_a_trader_follows_them_into_their_shops(said, is_professional, client):
    client.post("/join/", said)
    row, by, now = Application.objects.get(), factories.operator("op@example.org"), timezone.now()
    applying.confirm(row, now=now)
    client.force_login(by)
    assert client.get(reverse("operations:application", args=[row.pk])).status_code == 200
    shop = applying.approve(row, slug="neuve", timezone="America/Toronto", by=by, now=now)
    owner = factories.member(shop, role="owner").user
    branch = {"name": "Deux", "line1": "2, rue", "city": "Laval", "postcode": "H7A 1A1", "country": "CA"}
    second = applying.apply_for_branch(
        shop.business, branch | {"phone": "+1 514 555 0100"}, by=owner, language="fr", now=now
    )
    other = applying.approve(second, slug="deux", timezone="America/Toronto", by=by, now=now)
    assert {shop.is_professional, shop.business.is_professional, other.is_professional} == {is_professional}


@pytest.mark.parametrize(
    ("changes", "zone", "near"),
    [
        ({}, "America/Toronto", (45.57, -73.69)),
        ({"country": "FR", "city": "Lyon", "postcode": "69002"}, "Europe/Paris", (45.75, 4.83)),
        ({"city": "Vancouver", "postcode": "V5K 0A1"}, "America/Vancouver", (49.25, -123.12)),
    ],
)
def test_approved_shop_is_on_the_map_and_near_its_readers(board, client, changes, zone, near):
    factories.network(country=changes.get("country", "CA"))
    tax = {"registration": "303265045", "tax_number": "FR40303265045"} if "country" in changes else {}
    row = applied(**changes, **tax)
    where = reverse("operations:application", args=[row.pk])
    form = board.get(where).context["approve_form"]
    assert form["timezone"].value() == zone
    board.post(f"{where}approve/", {"slug": "neuve", "timezone": zone})
    shop = Shop.objects.get()
    assert lifecycle.put_on_sale(shop, by=factories.user(), now=timezone.now())
    place = Place(latitude=near[0], longitude=near[1], label="x")
    assert availability.near(place, 10) == {shop.pk}
    page = client.get("/map/", {"near": row.city, "km": "10"})
    assert [entry.card.pk for entry in page.context["entries"]] == [shop.pk]
    assert b"data-latitude" in page.content


def test_shop_that_cannot_be_placed_is_made_and_the_board_says_so(board, client):
    row = applied(city="Nulle Part", postcode="H0H 0H0")
    where = reverse("operations:application", args=[row.pk])
    page = board.post(f"{where}approve/", {"slug": "neuve", "timezone": "America/Toronto"}, follow=True)
    shop = Shop.objects.get()
    assert (shop.latitude, len(page.context["messages"])) == (None, 2)
    assert reverse("operations:shop-address", args=[shop.pk]) in page.content.decode()
    client.force_login(factories.member(shop, role="owner").user)
    assert reverse("portal:address", args=["neuve"]) in client.get("/portal/neuve/start/").content.decode()


@pytest.mark.parametrize(
    ("base", "field", "value"),
    [
        (COMPANY, "legal_name", ""),
        (COMPANY, "registration", ""),
        (COMPANY, "tax_number", "12"),
        (COMPANY, "tax_number", ""),
        (COMPANY, "country", "Canada"),
        (COMPANY, "phone", "call me"),
        (COMPANY, "branches", "0"),
        (COMPANY, "declares", ""),
        (COMPANY, "website", "javascript:alert(1)"),
        (PERSON, "sells_as", ""),
        (PERSON, "sells_as", "x"),
        (PERSON | {"registration": "1140000000"}, "sells_as", "private"),
        (PERSON, "born_on", ""),
        (PERSON, "born_on", "2020-01-01"),
    ],
)
def test_what_the_law_asks_is_asked(client, base, field, value):
    page = client.post("/join/", base | {field: value})
    assert (page.status_code, list(page.context["form"].errors)) == (422, [field])
    assert not Application.objects.exists()


def test_number_of_a_french_company_is_checked(client):
    french = COMPANY | {"country": "FR", "tax_number": "FR40303265045"}
    assert client.post("/join/", french | {"registration": "303 265 046"}).status_code == 422
    assert client.post("/join/", french | {"registration": "303 265 045"}).status_code == 302
    assert Application.objects.get().registration == "303265045"


def test_nobodys_letter_box_is_filled(client):
    client.post("/join/", COMPANY)
    assert client.post("/join/", COMPANY).status_code == 429
    assert client.post("/join/", COMPANY | {"email": "x@example.org"}).status_code == 302
    assert client.post("/join/", COMPANY | {"email": "y@example.org"}).status_code == 429
    assert MailMessage.objects.count() == 2


def test_page_opens_by_its_key_alone(client):
    row = applied()
    other = Application.objects.create(
        **{name: getattr(row, name) for name in ("kind", "name", "legal_name", "registration", "language")},
        email="x@example.org", made_at=timezone.now(), changed_at=timezone.now(),
    )  # fmt: skip
    for name in ("application", "confirm", "say", "attach", "withdraw"):
        where = reverse(f"joining:{name}", args=[row.pk, applying.key_of(other)])
        assert client.post(where).status_code in {404, 405}, name
        assert client.get(where).status_code in {404, 405}, name


@pytest.mark.parametrize(
    ("name", "content", "kept"),
    [
        ("../../etc/carte.pdf", b"%PDF-1.7 x", "carte.pdf"),
        ("carte.exe", picture(), "carte.png"),
        ("carte", picture("JPEG"), "carte.jpg"),
        ("carte.pdf", b"<html><script>alert(1)</script>", None),
        ("carte.png", b"\x89PNG\r\n\x1a\n broken", None),
        ("carte.gif", picture("GIF"), None),
        ("leer.pdf", b"", None),
        ("gross.pdf", b"%PDF-" + b"x" * documents.MOST_BYTES, None),
    ],
)
def test_papers_are_known_by_their_content(client, board, name, content, kept):
    row = applied()
    sent = {"kind": "identity", "file": SimpleUploadedFile(name, content)}
    page = client.post(at("attach", row), sent)
    if kept is None:
        assert (page.status_code, ApplicationDocument.objects.count()) == (422, 0)
        return
    document = ApplicationDocument.objects.get()
    assert (page.status_code, document.name) == (302, kept)
    assert document.file.name.startswith(f"applications/{row.pk}/")
    answer = board.get(reverse("operations:application-paper", args=[row.pk, document.pk]))
    assert b"".join(answer.streaming_content) == content
    assert answer["Content-Disposition"] == f'attachment; filename="{kept}"'
    assert AuditEntry.objects.filter(action="application.read_paper").count() == 1
    assert client.get(reverse("operations:application-paper", args=[row.pk, document.pk])).status_code == 302


def test_no_more_papers_than_enough_and_none_once_decided(board):
    row = applied()
    for _ in range(documents.MOST_DOCUMENTS):
        documents.keep(row, "other", SimpleUploadedFile("a", b"%PDF-"), "a", now=timezone.now())
    with pytest.raises(documents.DocumentError):
        documents.keep(row, "other", SimpleUploadedFile("a", b"%PDF-"), "a", now=timezone.now())
    board.post(reverse("operations:application-reject", args=[row.pk]), {"text": "Trop loin"})
    ApplicationDocument.objects.first().delete()
    with pytest.raises(documents.DocumentError):
        documents.keep(row, "other", SimpleUploadedFile("a", b"%PDF-"), "a", now=timezone.now())


def test_decided_once(board):
    row, by, now = applied(), factories.user(), timezone.now()
    applying.reject(row, "Non", by=by, now=now)
    assert "Non" in MailMessage.objects.get(kind="application_rejected").text
    with pytest.raises(applying.ApplicationError):
        applying.approve(row, slug="neuve", timezone="America/Toronto", by=by, now=now)
    assert not Shop.objects.exists()
    assert not Business.objects.exists()
    assert not applying.withdraw(row, now=now)


def test_what_came_to_nothing_is_forgotten_with_its_papers(django_capture_on_commit_callbacks):
    row, now = applied(), timezone.now()
    paper = documents.keep(row, "other", SimpleUploadedFile("a", b"%PDF-"), "a", now=now)
    assert applying.withdraw(row, now=now)
    assert applying.forget(now + timedelta(days=89)) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert applying.forget(now + timedelta(days=91)) == 1
    assert not paper.file.storage.exists(paper.file.name)
    Client().post("/join/", COMPANY | {"email": "late@example.org"})
    assert applying.forget(now + timedelta(days=6)) == 0
    assert applying.forget(now + timedelta(days=8)) == 1


def test_checklist_is_edited_and_ticked(board):
    shop = factories.shop(status=Shop.Status.DRAFT)
    before = len(checklist.points(shop))
    board.post(reverse("operations:checklist-ask"), {"code": "hours", "is_needed": "0"})
    assert len(checklist.points(shop)) == before - 1
    assert board.post(reverse("operations:checklist-ask"), {"code": "nothing"}).status_code == 404
    assert board.post(reverse("operations:checklist-add"), {"text_fr": ""}).status_code == 422
    board.post(reverse("operations:checklist-add"), {"text_fr": "Visite faite", "text_en": "Visited"})
    item = ChecklistItem.objects.get(code="")
    where = reverse("operations:checklist-tick", args=[shop.pk, item.pk])
    for said, done in (("1", True), ("1", True), ("0", False)):
        board.post(where, {"is_done": said})
        assert checklist.points(shop)[-1].is_done is done
    assert AuditEntry.objects.filter(action="checklist.tick").count() == 2
    board.post(reverse("operations:checklist-drop", args=[item.pk]))
    assert len(checklist.points(shop)) == before - 1
    assert board.get(reverse("operations:checklist")).status_code == 200


def test_checklist_asks_for_papers_of_who_applied_until_it_sells(client):
    row, now = applied(), timezone.now()
    shop = applying.approve(row, slug="neuve", timezone="America/Toronto", by=factories.user("by@example.org"), now=now)

    def has_papers() -> bool:
        return {point.code: point.is_done for point in checklist.points(shop)}["papers"]

    assert not has_papers()
    client.force_login(factories.member(shop, role="owner").user)
    assert at("application", row) in client.get(f"/portal/{shop.slug}/start/").content.decode()
    paper = {"kind": "identity", "file": SimpleUploadedFile("carte.pdf", b"%PDF-1.7")}
    client.post(at("attach", row), paper)
    assert has_papers()
    Shop.objects.update(status=Shop.Status.ACTIVE)
    client.post(at("remove-paper", row, row.documents.get().pk))
    assert has_papers()
    assert "papers" not in {point.code for point in checklist.points(factories.shop(slug="invited"))}


def test_checklist_wants_a_list_that_is_fresh():
    shop, now = factories.shop(status=Shop.Status.DRAFT), timezone.now()
    for read, until, done in ((None, None, False), (now, now + timedelta(hours=1), True), (now, now, False)):
        shop.complete_as_of, shop.fresh_until = read, until
        assert {point.code: point.is_done for point in checklist.points(shop)}["stock"] is done


def test_owner_accepts_the_words_they_read(client):
    shop = factories.shop(slug="port")
    owner, staff = factories.member(shop, role="owner").user, factories.member(shop).user
    factories.network(shop_agreement_fr="Nous <b>partageons</b>.")
    assert not {point.code: point.is_done for point in checklist.points(shop)}["agreement"]
    client.force_login(staff)
    assert "&lt;b&gt;" in client.get("/portal/port/start/").content.decode()
    assert client.post("/portal/port/start/agree/", {"version": agreement.version()}).status_code == 403
    client.force_login(owner)
    client.post("/portal/port/start/agree/", {"version": "older"})
    assert agreement.accepted(shop) is None
    client.post("/portal/port/start/agree/", {"version": agreement.version()})
    assert agreement.accepted(shop).by == owner.email
    factories.network(shop_agreement_fr="Autres mots.")
    assert agreement.accepted(shop) is None
