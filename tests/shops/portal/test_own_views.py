"""Articles that a shop types or scans: on sale by the rules of any shop's number (DESIGN §5)."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from oscar.apps.partner.models import StockRecord
from PIL import Image
from stdnum.isbn import to_isbn10 as isbn10

from catalog_sync import shelves, sync
from catalog_sync.doors import own_articles, own_shelf, pushing
from catalog_sync.models import Feed, FeedSetup, OwnArticle, Push, SourceRecord
from marketplace.catalogue import cover_files
from marketplace.catalogue.models import CoverFetch, ProductFacts
from marketplace.operations.listings import LISTINGS
from shops import absorbing, reservations, stock
from shops.models import Allocation, DeskAction, Shop, StockTerms
from shops.onboarding import checklist
from shops.portal.setup_forms import GoForm
from tests import factories
from tests.proof.test_feed_size import isbn
from tests.shops.portal.conftest import signed_in

NUMBER = isbn(7)


@pytest.fixture(autouse=True)
def _var(settings, tmp_path):
    settings.VAR_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"


@pytest.fixture
def shop(db):
    return factories.shop("Librairie du Port", slug="port", complete_as_of=None, booking_lag_minutes=1440)


@pytest.fixture
def client(shop, client):
    client.force_login(factories.member(shop).user)
    return client


def at(shop, name: str, *more: object) -> str:
    return reverse(f"portal:{name}", args=[shop.slug, *more])


def typed(client, shop, **said: object):
    values = {"number": NUMBER, "title": "Nana", "price": "12,50", "condition": "new", "units": "3", **said}
    return client.post(at(shop, "own-save"), values)


def pressed(client, shop, step: str, **said: object):
    """A button of the first article, on a page just opened."""
    row = client.get(at(shop, "own-articles")).context["rows"][0]
    return client.post(at(shop, "own-count", row["article"].pk), {"step": step, "shown": row["units"], **said})


def applied() -> None:
    while pushing.apply_pushes(timezone.now()):
        pass


def record(shop) -> StockRecord:
    return StockRecord.objects.get(partner=shop.partner)


def sellable(shop) -> int:
    return stock.annotate_sellable(StockRecord.objects.filter(partner=shop.partner), now=timezone.now()).get().sellable


def aged(typed_at: datetime) -> None:
    """All of it was typed then."""
    OwnArticle.objects.update(counted_at=typed_at)
    SourceRecord.objects.update(as_of=typed_at, said_as_of=typed_at)
    StockTerms.objects.update(as_of=typed_at)


def lacks_stock(shop) -> bool:
    points = checklist.points(Shop.objects.get(pk=shop.pk))
    return any(point.code == "stock" and not point.is_done for point in points)


def picture(name: str = "p.png", size: tuple[int, int] = (300, 400)) -> SimpleUploadedFile:
    made = io.BytesIO()
    Image.new("RGB", size, "green").save(made, "PNG")
    return SimpleUploadedFile(name, made.getvalue())


def test_typed_article_is_on_sale_at_the_moment_of_typing(client, shop):
    before = timezone.now()
    assert typed(client, shop).url == at(shop, "own-articles")
    applied()
    kept, sold = OwnArticle.objects.get(), record(shop)
    assert (kept.sku, kept.gtin, kept.price_minor) == (f"M-{NUMBER}", int(NUMBER), 1250)
    assert (sold.product.title, sold.product.upc, sold.num_in_stock, str(sold.price)) == ("Nana", NUMBER, 3, "12.50")
    assert before <= sold.terms.as_of <= timezone.now()
    assert (sellable(shop), Feed.objects.get().kind) == (3, "manual")
    shop.refresh_from_db()
    assert shop.booking_lag_minutes == 0  # it counts its shelf, and has no other list


def test_shop_with_a_list_it_set_up_keeps_its_booking_lag(client, shop):
    """Its list may hold a handed-over copy for a day; a setup that went keeps its row."""
    setup = factories.feed_setup(shop)
    FeedSetup.objects.filter(pk=setup.pk).update(went_at=timezone.now())
    typed(client, shop)
    shop.refresh_from_db()
    assert shop.booking_lag_minutes == 1440


def test_list_after_typing_is_not_offered_the_lag_of_the_shelf(client, shop):
    typed(client, shop)
    first = factories.feed_setup(shop)
    offered = lambda: GoForm(Feed.objects.get(pk=first.feed_id)).initial["booking_lag_minutes"]  # noqa: E731
    assert offered() == 1440
    Feed.objects.create(shop=shop, name="till", kind="csv", location="till/")
    assert offered() == 0  # as it declared of that one


def test_same_number_in_the_same_condition_is_the_same_article(client, shop):
    typed(client, shop)
    typed(client, shop, units="5", price="10")
    typed(client, shop, units="1", condition="good")
    assert sorted(OwnArticle.objects.values_list("units", "price_minor", "condition")) == [
        (1, 1250, "good"),
        (5, 1000, "new"),
    ]
    page = client.get(at(shop, "own-new"), {"number": NUMBER})
    assert len(page.context["ours"]) == 2


def test_known_title_needs_no_typing(client, shop):
    typed(client, shop)
    applied()
    other = factories.shop("Autre", slug="autre")
    person = factories.member(other).user
    client.force_login(person)
    page = client.get(at(other, "own-new"), {"number": NUMBER})
    assert (page.context["known"], page.context["ours"]) == ("Nana", [])
    assert 'name="title"' not in page.content.decode()
    typed(client, other, title="")
    applied()
    assert record(other).product_id == record(shop).product_id


def test_article_without_any_number_is_made_by_hand(client, shop):
    typed(client, shop, number="", title="Carnet cousu", author="Léa")
    typed(client, shop, number="REF 12", title="Marque-page")
    applied()
    assert sorted(StockRecord.objects.values_list("product__title", "num_in_stock")) == [
        ("Carnet cousu", 3),
        ("Marque-page", 3),
    ]
    assert OwnArticle.objects.get(title="Marque-page").sku == "M-REF 12"
    assert ProductFacts.objects.get(product__title="Carnet cousu").contributors_text == "Léa"


@pytest.mark.parametrize("number", ["", NUMBER])
def test_form_sent_twice_is_one_article_and_one_count(client, shop, number):
    """The answer was lost on a poor line, and one was sold before it came again."""
    once = client.get(at(shop, "own-new")).context["form"]["once"].value()
    typed(client, shop, number=number, once=once)
    pressed(client, shop, "sold")
    assert typed(client, shop, number=number, once=once).status_code == 302
    applied()
    assert (OwnArticle.objects.count(), sellable(shop)) == (1, 2)
    client.post(at(shop, "own-remove", OwnArticle.objects.get().pk))
    assert typed(client, shop, number=number, once=once).status_code == 422
    assert typed(client, shop, number=number, once=f"{once}-").status_code == 302


def test_article_of_which_copies_are_promised_stays_listed_with_those(client, shop):
    typed(client, shop)
    applied()
    factories.shop_order(shop, (record(shop), 1))
    page = client.post(at(shop, "own-remove", OwnArticle.objects.get().pk), follow=True)
    assert [message.level_tag for message in page.context["messages"]][-1] == "warning"
    applied()
    assert (OwnArticle.objects.get().units, sellable(shop)) == (1, 0)


def test_change_sent_twice_is_one(client, shop):
    typed(client, shop)
    article = OwnArticle.objects.get()
    form = client.get(at(shop, "own-article", article.pk)).context["form"]
    said = {"title": "Nana", "price": "8", "condition": "new", "units": "5", "shown": "3", "once": form["once"].value()}
    for _ in range(2):
        assert client.post(at(shop, "own-save-change", article.pk), said).status_code == 302
    assert OwnArticle.objects.get().units == 5


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"number": "9782070368229"}, "number"),
        ({"number": "", "title": ""}, "title"),
        ({"price": "0"}, "price"),
        ({"price": "sur demande"}, "price"),
        ({"units": "-1"}, "units"),
        ({"units": "10001"}, "units"),
        ({"condition": "smoky"}, "condition"),
        ({"photo": SimpleUploadedFile("a.png", b"GIF no")}, "photo"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_kept(client, shop, wrong, field):
    answer = typed(client, shop, **wrong)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert not OwnArticle.objects.exists()


def test_buttons_count_from_what_stands_there_and_sell_no_copy_twice(client, shop):
    """Three typed, one sold online and handed over: two stand there. One is sold at the counter: one is left."""
    typed(client, shop)
    applied()
    sold = record(shop)
    placed = factories.shop_order(shop, (sold, 1))
    line = placed.lines.get()
    assert (sellable(shop), client.get(at(shop, "own-articles")).context["rows"][0]["promised"]) == (2, 1)
    handed = timezone.now() - timedelta(minutes=2)
    aged(handed - timedelta(hours=1))
    absorbing.reflect(line, 1, reflected_at=handed, now=timezone.now())
    assert client.get(at(shop, "own-articles")).context["rows"][0]["units"] == 2
    pressed(client, shop, "sold")
    applied()
    assert (record(shop).num_in_stock, sellable(shop), OwnArticle.objects.get().units) == (1, 1, 1)
    assert not Allocation.objects.filter(ended_at=None).exists()


def test_what_is_handed_over_a_moment_later_stays_promised(client, shop):
    """A hand-over that is recorded while a button is pressed is not in its number, nor taken for being in it."""
    typed(client, shop)
    applied()
    line = factories.shop_order(shop, (record(shop), 1)).lines.get()
    pressed(client, shop, "sold")
    absorbing.reflect(line, 1, reflected_at=timezone.now(), now=timezone.now())
    applied()
    assert (record(shop).num_in_stock, sellable(shop)) == (2, 1)


def test_what_a_typed_number_is_free_of_already_is_not_taken_off_again(client, shop):
    """Typed after a hand-over, and one sold here before that number has even been applied."""
    typed(client, shop)
    applied()
    line = factories.shop_order(shop, (record(shop), 1)).lines.get()
    aged(timezone.now() - timedelta(hours=1))
    absorbing.reflect(line, 1, reflected_at=timezone.now() - timedelta(minutes=2), now=timezone.now())
    typed(client, shop, units="2")
    assert client.get(at(shop, "own-articles")).context["rows"][0]["units"] == 2
    pressed(client, shop, "sold")
    applied()
    assert (record(shop).num_in_stock, sellable(shop)) == (1, 1)


def test_number_that_took_no_heed_of_a_hand_over_would_sell_a_copy_twice(client, shop, monkeypatch):
    """Negative control: one less than was typed, whatever has left since."""
    typed(client, shop)
    applied()
    line = factories.shop_order(shop, (record(shop), 1)).lines.get()
    aged(timezone.now() - timedelta(hours=1))
    absorbing.reflect(line, 1, reflected_at=timezone.now() - timedelta(minutes=2), now=timezone.now())
    heedless = lambda articles, at: {each.sku: own_shelf.OnShelf(each.units, 0) for each in articles}  # noqa: E731
    monkeypatch.setattr(own_articles, "on_shelf", heedless)
    pressed(client, shop, "sold")
    applied()
    assert sellable(shop) == 2  # and one stands there


def test_buttons_one_after_the_other_all_count(client, shop):
    typed(client, shop)
    for step in ("more", "more", "fewer", "sold", "nonsense"):
        pressed(client, shop, step)
    applied()
    assert record(shop).num_in_stock == 3
    for _ in range(5):
        pressed(client, shop, "sold")
    applied()
    assert (record(shop).num_in_stock, sellable(shop), OwnArticle.objects.get().units) == (0, 0, 0)


def test_what_was_counted_long_ago_is_sold_again_once_confirmed(client, shop):
    typed(client, shop)
    applied()
    aged(timezone.now() - timedelta(hours=73))
    assert (sellable(shop), client.get(at(shop, "own-articles")).context["too_old"]) == (0, True)
    client.post(at(shop, "own-confirm"))
    applied()
    assert (sellable(shop), client.get(at(shop, "own-articles")).context["too_old"]) == (3, False)


def test_change_keeps_the_number_and_removal_ends_the_sale(client, shop):
    typed(client, shop)
    article = OwnArticle.objects.get()
    said = {"number": isbn(9), "title": "Nana", "price": "8", "condition": "new", "units": "2"}
    client.post(at(shop, "own-save-change", article.pk), said)
    applied()
    assert (OwnArticle.objects.get().gtin, record(shop).num_in_stock, str(record(shop).price)) == (
        int(NUMBER),
        2,
        "8.00",
    )
    client.post(at(shop, "own-remove", article.pk))
    applied()
    assert (OwnArticle.objects.count(), sellable(shop)) == (0, 0)
    typed(client, shop)
    applied()
    assert sellable(shop) == 3


def test_price_is_changed_on_an_old_page_and_the_number_is_what_stands_there_by_now(client, shop):
    typed(client, shop)
    article = OwnArticle.objects.get()
    shown = client.get(at(shop, "own-article", article.pk)).context["form"]["shown"].value()
    pressed(client, shop, "sold")  # a colleague
    said = {"title": "Nana", "price": "8", "condition": "new", "units": "3", "shown": shown}
    client.post(at(shop, "own-save-change", article.pk), said)
    applied()
    assert (record(shop).num_in_stock, str(record(shop).price)) == (2, "8.00")


def test_number_is_changed_on_an_old_page_only_once_it_was_seen_again(client, shop):
    typed(client, shop)
    article = OwnArticle.objects.get()
    said = {"title": "Nana", "price": "8", "condition": "new", "units": "5", "shown": "3"}
    client.post(at(shop, "own-save-change", article.pk), said)
    again = client.post(at(shop, "own-save-change", article.pk), {**said, "units": "4"})
    assert (again.status_code, list(again.context["form"].errors)) == (422, ["units"])
    assert (again.context["form"]["shown"].value(), OwnArticle.objects.get().units) == ("5", 5)
    client.post(at(shop, "own-save-change", article.pk), {**said, "units": "4", "shown": "5"})
    assert OwnArticle.objects.get().units == 4


def test_button_pressed_twice_counts_once(client, shop):
    typed(client, shop)
    for shown in (3, 3, ""):
        pressed(client, shop, "sold", shown=shown)
    assert OwnArticle.objects.get().units == 2


def change_price(client, shop, price: str, units: str) -> None:
    said = {"title": "Nana", "condition": "new", "price": price, "units": units}
    client.post(at(shop, "own-save-change", OwnArticle.objects.get().pk), said)
    applied()


def test_slipped_price_is_mended_and_the_number_goes_on_with_it(client, shop):
    typed(client, shop, price="0.12")
    applied()
    change_price(client, shop, "12", "3")
    pressed(client, shop, "sold")
    applied()
    assert (str(record(shop).price), record(shop).num_in_stock) == ("12.00", 2)


def test_price_out_of_the_band_waits_and_keeps_no_number_back(client, shop):
    typed(client, shop)
    applied()
    for number in range(3):
        other = factories.shop(f"Autre {number}", slug=f"autre-{number}")
        factories.stock_record(other, record(shop).product, price="12.50")
    change_price(client, shop, "40", "2")
    assert (str(record(shop).price), record(shop).num_in_stock) == ("12.50", 2)
    pressed(client, shop, "sold")
    applied()
    assert record(shop).num_in_stock == 1
    assert client.get(at(shop, "own-articles")).context["kept_back"]
    change_price(client, shop, "14", "1")
    assert str(record(shop).price) == "14.00"
    assert not client.get(at(shop, "own-articles")).context["kept_back"]


def test_small_list_that_is_sold_out_is_believed(client, shop):
    for number in range(1, 5):
        typed(client, shop, number=isbn(number), title=f"No {number}")
    applied()
    OwnArticle.objects.update(units=0)
    client.post(at(shop, "own-confirm"))
    applied()
    assert set(StockRecord.objects.values_list("num_in_stock", flat=True)) == {0}


def test_same_number_said_twice_before_it_is_applied_is_as_young_as_the_second(client, shop):
    typed(client, shop)
    applied()
    for _ in range(3):
        client.post(at(shop, "own-confirm"))
    applied()
    assert record(shop).terms.as_of == OwnArticle.objects.get().counted_at


def test_push_that_fails_leaves_those_of_others_be(client, shop, monkeypatch):
    other = factories.shop("Autre", slug="autre")
    for each in (shop, other):
        client.force_login(factories.member(each).user)
        typed(client, each)
    first, run = Push.objects.earliest("pk"), sync.run

    def failing(feed: Feed, **named: Any):
        if feed == first.feed:
            raise RuntimeError("no")
        return run(feed, **named)

    monkeypatch.setattr(sync, "run", failing)
    assert pushing.apply_pushes(timezone.now()) == 1
    assert record(other).num_in_stock == 3
    first.refresh_from_db()
    assert (first.lease_until, "no" in first.last_error) == (None, True)


def test_number_typed_between_hand_over_and_booking_loses_no_copy(client, shop):
    """Beside a list whose number contains a hand-over a day later."""
    typed(client, shop)
    applied()
    placed = factories.shop_order(shop, (record(shop), 1))
    handed = timezone.now() - timedelta(hours=25)
    aged(handed - timedelta(hours=1))
    type(placed).objects.filter(pk=placed.pk).update(handed_over_at=handed)
    absorbing.reflect(placed.lines.get(), 1, reflected_at=handed + timedelta(hours=24), now=timezone.now())
    assert client.get(at(shop, "own-articles")).context["rows"][0]["units"] == 2
    OwnArticle.objects.update(units=2, counted_at=handed + timedelta(hours=1))
    pressed(client, shop, "more")
    applied()
    assert (record(shop).num_in_stock, sellable(shop)) == (3, 3)


def test_copy_sold_at_the_counter_has_left_when_it_was_paid(client, shop):
    """Out of a reservation, beside a list whose number knows of it a day later; counted anew in between."""
    factories.feed_setup(shop)
    typed(client, shop)
    applied()
    now = timezone.now()
    Shop.objects.update(reserve_hours=48)
    sold = stock.read([record(shop).pk])[record(shop).pk]
    who = {"user": None, "email": "lea@example.org", "name": "Léa", "language": "en", "confirmed": True}
    made = reservations.reserve(sold, 1, **who, now=now)
    reservations.keep(made, by="shop", now=now)
    reservations.sell(made, by="shop", now=now)

    def there(later: timedelta) -> int:
        article = OwnArticle.objects.select_related("feed__shop").get()
        return own_shelf.on_shelf([article], at=now + later)[article.sku].units

    assert there(timedelta(minutes=1)) == 2
    OwnArticle.objects.update(units=2, counted_at=now + timedelta(hours=1))
    assert there(timedelta(hours=25)) == 2


def test_article_is_not_typed_while_a_copy_of_it_is_being_handed_over(client, shop):
    typed(client, shop)
    applied()
    placed, now = factories.shop_order(shop, (record(shop), 1)), timezone.now()
    pressing = DeskAction.objects.create(
        once="1", shop=shop, shop_order=placed, deed="hand_over", version=1, made_at=now, due_at=now
    )
    assert typed(client, shop, units="2").status_code == 422
    DeskAction.objects.filter(pk=pressing.pk).update(due_at=None)
    assert typed(client, shop, units="2").status_code == 302


def test_what_a_list_of_the_shop_has_is_not_typed_beside_it(client, shop):
    other = factories.shop("Autre", slug="autre")
    client.force_login(factories.member(other).user)
    typed(client, other)
    applied()
    listing = Feed.objects.get(shop=other)
    Feed.objects.filter(pk=listing.pk).update(shop=shop, kind="csv")
    client.force_login(factories.member(shop).user)
    answer = typed(client, shop)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["units"])
    assert typed(client, shop, condition="good").status_code == 302
    SourceRecord.objects.filter(feed=listing).update(retired_at=timezone.now())
    assert typed(client, shop).status_code == 302


def test_photo_is_made_anew_and_is_the_cover_where_there_is_none(client, shop):
    typed(client, shop, number="", title="Carnet", photo=picture())
    applied()
    article = OwnArticle.objects.get()
    assert article.photo.startswith("covers/")
    fetch = CoverFetch.objects.get()
    assert cover_files.own_name(fetch.source) == article.photo
    assert cover_files.fetch_covers(timezone.now()) == 1
    assert ProductFacts.objects.get().cover.name == article.photo
    assert article.photo.replace("-page", "-list") in client.get(at(shop, "own-articles")).content.decode()


def test_words_and_photo_of_a_copy_come_to_its_offer_and_leave_it(client, shop):
    typed(client, shop, condition="good", note="  Jaquette   déchirée ", photo=picture())
    applied()
    terms, article = StockTerms.objects.get(), OwnArticle.objects.get()
    assert (terms.note, terms.photo) == ("Jaquette déchirée", article.photo)
    assert 'value="Jaquette déchirée"' in client.get(at(shop, "own-article", article.pk)).content.decode()
    change = {"number": NUMBER, "title": "Nana", "price": "12,50", "condition": "good", "units": "3", "note": ""}
    client.post(at(shop, "own-save-change", article.pk), change)
    applied()
    terms.refresh_from_db()
    assert (terms.note, terms.photo) == ("", article.photo)


@pytest.mark.parametrize("address", ["https://127.0.0.1:8000/media/../secret", "https://x/media/covers/aa/b-page.webp"])
def test_only_our_own_pictures_are_taken_for_our_own(settings, address):
    settings.SITE_URL = "https://127.0.0.1:8000"
    assert cover_files.own_name(address) == ""


def test_list_is_searched(client, shop):
    factories.own_article(shop, sku="M-a", title="Germinal", gtin=int(NUMBER))
    for found in ({"q": "germ"}, {"q": NUMBER}, {"q": "978-" + NUMBER[3:]}, {"q": isbn10(NUMBER)}, {"q": "m-A"}):
        assert len(client.get(at(shop, "own-articles"), found).context["rows"]) == 1, found
    assert client.get(at(shop, "own-articles"), {"q": "Nana"}).context["rows"] == []
    assert not Push.objects.exists()


def test_list_costs_the_same_with_one_or_thirty(client, shop):
    typed(client, shop)
    applied()
    OwnArticle.objects.update(title="")
    client.get(at(shop, "own-articles"))  # what is kept for a moment is asked for here
    asked = []
    for rows in (1, 30):
        for number in range(1, rows):
            factories.own_article(shop, sku=f"M-{number}", title="", gtin=int(isbn(100 + number)))
        with CaptureQueriesContext(connection) as queries:
            page = client.get(at(shop, "own-articles"))
        assert len(page.context["rows"]) == rows
        asked.append(len(queries))
    assert page.context["rows"][-1]["title"] == "Nana"
    assert asked[0] == asked[1]


def test_typed_shelf_leads_whoever_picks_and_no_reader_sees_it(client, shop):
    typed(client, shop, shelf=" Table  3 ")
    typed(client, shop, number="", title="Zola, une vie", condition="good")
    applied()
    sold = list(StockRecord.objects.filter(partner=shop.partner).order_by("-pk"))
    order = factories.shop_order(shop, *[(record, 1) for record in sold])
    rows = client.get(at(shop, "order-pick-list", order.number)).context["rows"]
    assert [(row.title, row.shelf) for row in rows] == [("Nana", "Table 3"), ("Zola, une vie", "")]
    assert "Table 3" not in client.get(sold[-1].product.get_absolute_url()).content.decode()
    typed(client, shop)  # scanned again: it stands where it stood
    assert OwnArticle.objects.get(gtin=NUMBER).shelf == "Table 3"


def test_shelf_of_a_list_without_one_is_the_shops_own_category(shop):
    values = {"title": "T", "currency": "CAD", "price_kind": "retail", "availability": "in_stock", "condition": "new"}
    feed = Feed.objects.create(shop=shop, name="a", kind="csv", location="a.csv")
    subjects = [["thema", "FB", ""], ["sender", "", "Romans > Polar"]]
    for sku, facts in {"1": {"shelf": "A 2", "subjects": subjects}, "2": {"subjects": subjects}, "3": {}}.items():
        hashes = dict.fromkeys(("offer_hash", "stock_hash", "facts_hash", "row_hash"), 0)
        SourceRecord.objects.create(feed=feed, sku=sku, facts=facts, missed=0, **hashes, **values)
    assert shelves.places(shop.pk, {"1", "2", "3", "4"}) == {"1": "A 2", "2": "Romans > Polar"}


def test_shop_that_types_its_stock_goes_on_sale_and_is_not_held_for_one_that_is_not_read(client, shop):
    Shop.objects.filter(pk=shop.pk).update(fresh_until=None, status="draft")
    assert lacks_stock(shop)
    typed(client, shop), applied()
    assert not lacks_stock(shop)
    for code in set(checklist.COMPUTED) - {"stock"}:
        checklist.ask(code, False, by=(operator := factories.operator()))
    signed_in(operator).post(reverse("operations:shop-put-on-sale", args=[shop.pk]))
    assert (Shop.objects.get(pk=shop.pk).status, sellable(shop)) == ("active", 3)
    stale = LISTINGS["shops"].choices["stale"].where
    assert not Shop.objects.filter(stale(timezone.now())).exists()


def test_what_was_typed_too_long_ago_puts_no_shop_on_sale(client, shop):
    typed(client, shop), applied()
    aged(timezone.now() - timedelta(hours=shop.freshness_hours, minutes=1))
    assert lacks_stock(shop)


def test_shop_that_has_a_list_besides_what_it_types_needs_that_read(client, shop):
    typed(client, shop), applied()
    Feed.objects.create(shop=shop, name="list", kind="onix", location="x", active=True)
    assert lacks_stock(shop)
    stale = LISTINGS["shops"].choices["stale"].where
    assert Shop.objects.filter(stale(timezone.now())).get() == shop
