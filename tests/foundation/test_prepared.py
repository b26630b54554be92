from datetime import timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

from marketplace.foundation.models import MailMessage
from marketplace.foundation.prepared import Prepared, _plain, ask, insert, insert_unless_there, together
from tests import factories

pytestmark = pytest.mark.django_db


def named(product_ids, title):
    found = StockRecord.objects.filter(product_id__in=product_ids, product__title=title).order_by("pk")
    return found.values_list("pk", "product_id", "price", "date_created")


def test_answers_as_the_queryset_would():
    products = [factories.product(title) for title in ("Nana", "Nana", "Germinal")]
    for product in products:
        factories.stock_record(factories.shop(), product, price="12.90")
    prepared = Prepared(named)
    for chosen in (products, products[:2], products[1:], products[:1]):
        keys = [product.pk for product in chosen]
        for title in ("Nana", "Germinal", "%s ' \" ?"):
            assert prepared.rows(keys, title) == list(named(keys, title))


def test_is_compiled_once_for_each_number_of_values():
    made = []

    def build(product_ids):
        made.append(len(product_ids))
        return StockRecord.objects.filter(product_id__in=product_ids).values_list("pk")

    prepared = Prepared(build)
    for keys in ([1], [2], [1, 2], [3, 4], [2, 2]):
        prepared.rows(keys)
    assert made == [1, 2]


def test_is_one_query_which_can_be_counted():
    prepared = Prepared(named)
    with CaptureQueriesContext(connection) as captured:
        prepared.rows([1], "Nana")
    assert len(captured) == 1


def test_objects_come_as_the_queryset_would_make_them():
    def build(keys):
        related = StockRecord.objects.select_related("partner", "product__facts").defer("product__title")
        return related.filter(pk__in=keys).order_by("pk")

    shop = factories.shop()
    keys = [factories.stock_record(shop, factories.product(is_book=book), price="3.50").pk for book in (True, False)]
    prepared, usual = Prepared(build), list(build(keys))
    found = prepared.objects(keys)
    assert found == usual
    for one, other in zip(found, usual, strict=True):
        assert vars(one.partner).keys() == vars(other.partner).keys()
        assert (one.price, one.product.facts.is_book) == (other.price, other.product.facts.is_book)
        assert (one.product.get_deferred_fields(), one.product.title) == ({"title"}, other.product.title)


def test_annotations_and_moments_are_as_the_queryset_has_them():
    def build(since, keys):
        found = StockRecord.objects.filter(date_created__gt=since, pk__in=keys).annotate(
            twice=F("price") * 2, created=F("date_created")
        )
        return found.select_related("partner").order_by("pk")

    shop, begun = factories.shop(), timezone.now() - timedelta(seconds=5)
    keys = [factories.stock_record(shop, price="3.50").pk for _ in range(2)]
    prepared = Prepared(lambda since, keys: build(since, keys).defer("product"))
    for since in (begun, begun - timedelta(days=400), begun + timedelta(days=1)):
        usual = list(build(since, keys))
        found = prepared.objects(since, keys)
        assert [(one.pk, one.twice, one.created, one.partner.name) for one in found] == [
            (one.pk, one.twice, one.created, one.partner.name) for one in usual
        ]
    assert [len(prepared.objects(begun + timedelta(days=days), keys)) for days in (0, 1)] == [2, 0]


def test_insert_writes_what_bulk_create_would_and_gives_keys():
    shop = factories.shop()
    rows = [
        MailMessage(dedupe_key=f"{place}", to="a@example.org", language="fr", kind="x", text="ü%s", shop=shop)
        for place in range(3)
    ]
    with CaptureQueriesContext(connection) as captured:
        insert(rows)
    assert len(captured) == 1
    stored = list(MailMessage.objects.order_by("pk"))
    assert [(row.pk, row.dedupe_key, row.text) for row in stored] == [(row.pk, row.dedupe_key, "ü%s") for row in rows]
    assert {row.created_at is None for row in stored} == {False}
    rows[0].text = "changed"
    rows[0].save()  # an update: it is known to be stored
    assert (MailMessage.objects.get(pk=rows[0].pk).text, MailMessage.objects.count(), insert([])) == ("changed", 3, [])


def letter(key: str) -> MailMessage:
    return MailMessage(dedupe_key=key, to="a@example.org", language="fr", kind="x", text="y")


def test_statements_sent_together_are_each_answered_in_their_order():
    product = factories.product("Nana")
    titles = Prepared(lambda pk: Product.objects.filter(pk=pk))
    rename, heard = "UPDATE catalogue_product SET title = %s WHERE id = %s", []
    rows = [letter("a"), letter("b")]
    with CaptureQueriesContext(connection) as captured, together():
        before = titles.ask(product.pk)
        ask(rename, ["Nana II", product.pk], then=lambda answer: heard.append(answer.count))
        after, none = titles.ask(product.pk), ask(rename, ["", -1])
        insert(rows)
        again = insert_unless_there(letter("a"))
    assert (len(captured), heard, none.count, again.count) == (6, [1], 0, 0)
    assert [asked.objects()[0].title for asked in (before, after)] == ["Nana", "Nana II"]
    assert list(MailMessage.objects.order_by("pk").values_list("pk", "dedupe_key")) == [
        (row.pk, row.dedupe_key) for row in rows
    ]
    assert (none.rows, ask(rename, ["Nana", product.pk]).count) == ((), 1)  # waited for again, each by itself


class MissingError(Exception):
    pass


def look(answer):
    if not answer.count:
        raise MissingError


@pytest.mark.parametrize(
    ("deed", "error"),
    [
        (lambda: insert([letter("there")]), IntegrityError),
        (lambda: ask("UPDATE foundation_mailmessage SET text = 'z' WHERE id = -1", [], then=look), MissingError),
        (lambda: 1 / 0, ZeroDivisionError),
    ],
    ids=["by the database", "by its answer", "by itself"],
)
def test_what_is_wrong_of_one_that_was_sent_together_is_raised_and_all_is_undone(deed, error):
    insert([letter("there")])

    @transaction.atomic
    def sent():
        with together():
            insert([letter("new")])
            deed()
            insert([letter("later")])

    with pytest.raises(error):
        sent()
    assert list(MailMessage.objects.values_list("dedupe_key", flat=True)) == ["there"]


def test_what_is_given_to_the_database_as_it_is_is_what_its_field_would_give():
    values = {str: ["", "é", " a\n"], int: [-5, 0, 7], bool: [True, False]}
    columns = [row for model in apps.get_models() for row in _plain(model, connection.vendor) if row[2]]
    assert len(columns) > 1_000
    for field, _, kind, given_as in columns:
        assert field.get_db_prep_save(None, connection=connection) is None
        for value in values[kind]:
            given, wanted = given_as(value) if given_as else value, field.get_db_prep_save(value, connection=connection)
            assert (given, type(given)) == (wanted, type(wanted)), field


def test_insert_unless_there_leaves_what_is_there():
    def row(text):
        return MailMessage(dedupe_key="once", to="a@example.org", language="fr", kind="x", text=text)

    assert [insert_unless_there(row(text)).count for text in ("first", "second")] == [1, 0]
    assert list(MailMessage.objects.values_list("text", flat=True)) == ["first"]


@pytest.mark.postgres_only
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite plans in microseconds.")
def test_a_statement_is_planned_once_for_each_connection():
    for number in range(5):
        insert([MailMessage(dedupe_key=f"{number}", to="a@example.org", language="fr", kind="x", text="y")])
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'INSERT%mailmessage%'")
        assert cursor.fetchall() == [(1,)]


def test_a_percent_sign_in_a_statement_stays_one():
    product = factories.product("Rabais de 50 %")
    found = Prepared(lambda pk: Product.objects.filter(pk=pk, title__endswith="50 %").values_list("pk"))
    assert found.rows(product.pk) == [(product.pk,)]
    assert ask("UPDATE catalogue_product SET title = 'a %%' WHERE id = %s", [product.pk]).count == 1
    assert Product.objects.get(pk=product.pk).title == "a %"
