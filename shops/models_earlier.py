"""What a shop brought along from an earlier network, as its own export says it: history to read and to take along
again. Nothing here is worked on, counted or paid: no order, no ledger, no stock of this network knows of it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from shops.models_orders import ShopOrder
from shops.models_shop import Shop


class EarlierNetwork(models.Model):
    """Where the shop was, and up to when what it brought from there goes."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="earlier_networks")
    site = models.CharField(max_length=200, blank=True, help_text="Its address, by which it is known. Empty: not said.")
    name = models.CharField(max_length=80, blank=True)
    until = models.DateTimeField()

    class Meta:
        ordering = ["-until", "-pk"]
        constraints = [models.UniqueConstraint(fields=["shop", "site"], name="earlier_network_once")]

    def __str__(self) -> str:
        return self.name or self.site


class EarlierOrder(models.Model):
    """One order of the shop's at an earlier network. It names nobody: an export never does."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="+")
    network = models.ForeignKey(EarlierNetwork, on_delete=models.CASCADE, related_name="orders")
    number = models.CharField(max_length=40)
    status = models.CharField(max_length=12, choices=ShopOrder.Status.choices, help_text="As the export said.")
    ordered_at = models.DateTimeField()
    currency = models.CharField(max_length=3)
    total_minor = models.PositiveBigIntegerField()
    said = models.JSONField(help_text="What else a row of orders.jsonl says, with its lines.")
    text = models.TextField(help_text="What it is found by: number, titles, article numbers, folded.")

    class Meta:
        ordering = ["-ordered_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["network", "number"], name="earlier_order_once")]
        indexes = [models.Index(fields=["shop", "-ordered_at"], name="earlier_order_latest")]

    def __str__(self) -> str:
        return self.number


class EarlierStatement(models.Model):
    """A closed month at an earlier network; signs and sums as `payments.Settlement`'s. Never changed."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="+")
    network = models.ForeignKey(EarlierNetwork, on_delete=models.CASCADE, related_name="statements")
    number = models.PositiveIntegerField()
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField(help_text="Exclusive.")
    currency = models.CharField(max_length=3)
    opening_minor = models.BigIntegerField()
    goods_minor = models.BigIntegerField()
    commission_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    other_minor = models.BigIntegerField()
    transferred_minor = models.BigIntegerField()
    closing_minor = models.BigIntegerField()
    lines = models.JSONField(help_text="As settlements.jsonl says them; they add up to the sums.")

    class Meta:
        ordering = ["-ends_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["network", "number"], name="earlier_statement_once"),
            models.UniqueConstraint(fields=["network", "begins_at", "currency"], name="earlier_period_once"),
            models.CheckConstraint(
                condition=Q(
                    closing_minor=F("opening_minor")
                    + F("goods_minor")
                    - F("commission_minor")
                    - F("tax_minor")
                    + F("other_minor")
                    - F("transferred_minor")
                ),
                name="earlier_statement_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.network} {self.number}"


class BroughtCustomer(models.Model):
    """Somebody who let the shop keep them at an earlier network, as the shop says. Ended (taken back here, their
    account gone, the shop asked to forget them), the row names nobody any more, and its digest keeps them from being
    brought back. Without a name from the start: who took it back here had never been brought."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, help_text="Keyed, of the address in small letters.")
    email = models.EmailField(blank=True)
    name = models.CharField(max_length=301, blank=True)
    words = models.CharField(max_length=500, blank=True, help_text="What they agreed to.")
    network = models.ForeignKey(EarlierNetwork, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    given_at = models.DateTimeField(null=True, blank=True)
    brought_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["shop", "digest"], name="brought_customer_once")]
        indexes = [models.Index(fields=["digest"], name="brought_customer_digest")]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.brought_at:%Y-%m-%d}"


class Bringing(models.Model):
    """One file that an owner brought in, and what became of its rows."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    by = models.CharField(max_length=254)
    network = models.CharField(max_length=80, blank=True)
    until = models.DateTimeField(help_text="When the file was made.")
    counts = models.JSONField(help_text="By kind of rows and what became of them: bringing.COUNTS.")
    problems = models.JSONField(help_text="The first of them: [file, row, code, values]. They name nobody.")
    more = models.PositiveIntegerField(default=0, help_text="Problems beyond those.")

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["shop", "-at"], name="bringing_latest")]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.at:%Y-%m-%d %H:%M}"
