"""The word of `sentinels` in every column that the register declares of readers: where no page of the story writes it,
it is put there, so that a column that is declared and not erased is found."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import models
from django.utils import timezone
from oscar.apps.order.models import Order

from marketplace.models import User
from marketplace.payments.models import MoneyCall, Payment
from marketplace.readers.register_tables import PERSONAL
from shops.models import ShopOrder
from tests.readers.sentinels import TEXTS, WORD

# What holds no words of anybody's, though the register names it.
WORDLESS = {
    "marketplace.User.password": "A digest.",
    "mfa.Authenticator.data": "Secrets that were drawn, encrypted.",
    "readers.Consent.words": "The network's sentence that was agreed to; who agreed goes after a while.",
    "readers.ReviewReport.by": "The number of an account, or a digest.",
    "readers.SignIn.address": "An address of a network.",
    "readers.SignIn.browser_key": "A digest.",
    "readers.SignIn.how": "One of a few words of ours.",
    "shops.MessageFile.file": "A name that is drawn.",
    "shops.ReturnPhoto.file": "A name that is drawn.",
    "usersessions.UserSession.ip": "An address of a network.",
    "usersessions.UserSession.session_key": "Drawn, and the key of its session.",
}


def declared() -> set[str]:
    """`shops.Return.note` for each column that can say who a reader is, and is long enough for the word."""
    found = set()
    for label, entry in PERSONAL.items():
        if entry.whose == "reader":
            found |= {f"{label}.{name}" for name in entry.columns.split() if _holds(apps.get_model(label), name)}
    return found - set(WORDLESS)


def plant(missing: set[str], reader: User, order: Order, part: ShopOrder) -> list[models.Model]:
    """The word in each of the columns: in rows that are there, else in one of the reader's own. Returns the new
    rows, what hangs on another after it."""
    made: list[models.Model] = []
    for label in sorted({column.rpartition(".")[0] for column in missing}):
        model = apps.get_model(label)
        if not model._base_manager.exists():
            _make(label, reader, order, part, made)
        whose = {"user", "reader", "recipient"} & {field.name for field in model._meta.concrete_fields}
        rows = model._base_manager.filter(**dict.fromkeys(whose, reader))
        for column in (column for column in missing if column.rpartition(".")[0] == label):
            name = column.rpartition(".")[2]
            rows.update(**{name: _word(model._meta.get_field(name), reader)})
    return made


def tables(planted: list[models.Model]) -> tuple[str, ...]:
    """What the names of their columns begin with."""
    return tuple(sorted({f"{type(row)._meta.label}." for row in planted}))


def pull_up(planted: list[models.Model]) -> None:
    """What no page has written adds up to nothing, and no step is to go on with it."""
    for row in reversed(planted):
        type(row)._base_manager.filter(pk=row.pk).delete()


def _word(field: Any, reader: User) -> object:
    """An address is the reader's own, by which what is theirs is found."""
    if isinstance(field, models.EmailField):
        return reader.email
    return {"said": WORD} if isinstance(field, models.JSONField) else WORD


def _holds(model: type[models.Model], name: str) -> bool:
    field = model._meta.get_field(name)
    longest = getattr(field, "max_length", None)
    return model is not Session and isinstance(field, TEXTS) and (longest is None or longest >= len(WORD))


def _make(label: str, reader: User, order: Order, part: ShopOrder, made: list[models.Model]) -> None:
    """A row of the table, theirs, with what it hangs on."""
    if label in {type(row)._meta.label for row in made}:
        return
    payment, links = Payment.objects.get(checkout__order=order), dict[str, Any]()
    for name, value in {
        "user": reader, "reader": reader, "recipient": reader, "order": order, "shop_order": part, "payment": payment,
        "checkout": order.checkout, "shop": part.shop, "call": MoneyCall.objects.filter(payment=payment).first(),
        "product": part.lines.first().product, "country": order.shipping_address.country,
    }.items():  # fmt: skip
        if name in {field.name for field in apps.get_model(label)._meta.concrete_fields}:
            links[name] = value
    for field in apps.get_model(label)._meta.concrete_fields:
        if isinstance(field, models.ForeignKey) and not field.null and field.name not in links:
            other = field.related_model._meta.label
            if not field.related_model._base_manager.exists():
                _make(other, reader, order, part, made)
            links[field.name] = field.related_model._base_manager.first()
    row = _row(apps.get_model(label), links)
    if label == "order.BillingAddress":
        Order.objects.filter(pk=order.pk).update(billing_address=row)
    made.append(row)


def _row(model: type[models.Model], links: dict[str, Any]) -> models.Model:
    """With what a row of it must have; over and done, where it can be."""
    now, values = timezone.now(), dict(links)
    for field in model._meta.concrete_fields:
        is_over = isinstance(field, models.DateTimeField) and field.name in {"done_at", "decided_at", "closed_at"}
        if field.name in values or field.primary_key or not (is_over or (not field.null and not field.has_default())):
            continue
        if isinstance(field, models.DateTimeField):
            values[field.name] = now
        elif isinstance(field, models.DateField):
            values[field.name] = now.date()
        elif isinstance(field, (models.IntegerField, models.DecimalField)):
            values[field.name] = 1
        elif isinstance(field, models.CharField) and field.choices:
            values[field.name] = field.choices[0][0]
        elif isinstance(field, models.CharField):
            values[field.name] = "x"
    return model._base_manager.create(**values)
