"""What was sold through the network and paid at a shop's counter."""

from __future__ import annotations

from django.db import models


class CounterSale(models.Model):
    """A reservation that was paid in the shop, in cash or at its terminal: the shop took the money, and owes the
    network its commission. Made once for each, by the step `book_counter_sales`."""

    reservation = models.OneToOneField("shops.Reservation", on_delete=models.PROTECT, related_name="counter_sale")
    shop = models.ForeignKey("shops.Shop", on_delete=models.PROTECT, related_name="counter_sales")
    amount_minor = models.PositiveIntegerField(help_text="What the shop took, as the reader was shown it.")
    currency = models.CharField(max_length=3)
    commission_minor = models.PositiveIntegerField()
    commission_tax = models.JSONField(default=list, help_text='[["CA", 12], ["CA-QC", 24]], tax on the commission.')
    booked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.shop_id} {self.amount_minor}: {self.commission_minor}"
