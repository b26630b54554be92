"""How a shop's parcel reaches the reader."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from shops.models_shop import Shop


class PickupPoint(models.Model):
    """A place of the network, beside its shops, where readers collect parcels: a library, a market hall."""

    name = models.CharField(max_length=120)
    line1 = models.CharField(max_length=160)
    city = models.CharField(max_length=80)
    postcode = models.CharField(max_length=16)
    country = models.CharField(max_length=2, default="CA")
    hours_fr = models.CharField(max_length=200, blank=True)
    hours_en = models.CharField(max_length=200, blank=True)
    price_minor = models.PositiveIntegerField(
        null=True, blank=True, help_text="Per parcel, for every shop; empty: each shop's own price."
    )
    active = models.BooleanField(default=True)
    # Who says there what arrived and hands it over by its code (`shops.orders.carrying`). Nobody: a parcel's story ends
    # where it leaves its shop.
    keepers = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="points_kept")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name}, {self.city}"


class DeliveryOption(models.Model):
    """One way a shop's parcel reaches the reader: at one plain price, or by a table of weights, amounts and zones."""

    class Kind(models.TextChoices):
        PICKUP = "pickup", _("Pick-up in the shop")
        POST = "post", _("Post")
        COURIER = "courier", _("Local courier")
        POINT = "point", _("Pick-up point")
        OTHER_SHOP = "other_shop", _("Pick-up in another shop")

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="delivery_options")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name_fr = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    price_minor = models.PositiveIntegerField(
        default=0, help_text="Per parcel, in the network's currency; with a table its lowest price, for lists."
    )
    free_above_minor = models.PositiveIntegerField(null=True, blank=True)
    days_min = models.PositiveSmallIntegerField(default=0, help_text="Days from the order until it is there, at best.")
    days_max = models.PositiveSmallIntegerField(default=1)
    countries = models.JSONField(default=list, blank=True, help_text='Where to: ["CA"]; empty for pick-up.')
    postcode_prefixes = models.JSONField(default=list, blank=True, help_text='["H2", "H3"]; empty: everywhere there.')
    # Rows of `shops.rates.Rate`, the first that covers a parcel gives its price; read and written as a whole.
    rates = models.JSONField(default=list, blank=True)
    packaging_grams = models.PositiveSmallIntegerField(default=100)
    point = models.ForeignKey(PickupPoint, null=True, blank=True, on_delete=models.PROTECT, related_name="options")
    receiving_shop = models.ForeignKey(
        Shop, null=True, blank=True, on_delete=models.PROTECT, related_name="options_of_others"
    )
    active = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="point", point__isnull=False)
                | (~models.Q(kind="point") & models.Q(point=None)),
                name="option_names_its_point",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="other_shop", receiving_shop__isnull=False)
                | (~models.Q(kind="other_shop") & models.Q(receiving_shop=None)),
                name="option_names_its_shop",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shop}: {self.name_en}"

    @property
    def is_collected(self) -> bool:
        """Whether the reader goes and fetches it, so that no address is needed."""
        return self.kind in COLLECTED

    def onward(self, code: str) -> tuple[int | None, int | None]:
        """Keys of the other shop, and of the point, that hands its parcels to the reader. A point without keepers says
        nothing of them; without a `code` (ordered before points had any) it could not."""
        kept = self.point is not None and bool(code) and self.point.keepers.exists()
        return self.receiving_shop_id, self.point_id if kept else None

    def price_for(self, goods_minor: int) -> int:
        """Its plain price for one parcel that holds goods for `goods_minor`, in minor units."""
        if self.free_above_minor is not None and goods_minor >= self.free_above_minor:
            return 0
        return self.price_minor


COLLECTED = frozenset({DeliveryOption.Kind.PICKUP, DeliveryOption.Kind.POINT, DeliveryOption.Kind.OTHER_SHOP})


class DeliverySlot(models.Model):
    """A span of one weekday in which a courier option delivers, in the shop's own time, and how many parcels it takes
    then."""

    option = models.ForeignKey(DeliveryOption, on_delete=models.CASCADE, related_name="slots")
    weekday = models.PositiveSmallIntegerField(help_text="0 is Monday.")
    begins = models.TimeField()
    ends = models.TimeField()
    capacity = models.PositiveSmallIntegerField(help_text="Parcels on one day.")
    active = models.BooleanField(default=True, help_text="What was chosen before keeps its row.")

    class Meta:
        ordering = ["weekday", "begins"]
        constraints = [
            models.CheckConstraint(condition=models.Q(weekday__lte=6), name="slot_weekday"),
            models.CheckConstraint(condition=models.Q(ends__gt=models.F("begins")), name="slot_ends_after_it_begins"),
        ]

    def __str__(self) -> str:
        return f"{self.option} {self.weekday} {self.begins:%H:%M}–{self.ends:%H:%M}"


class SlotDay(models.Model):
    """A slot on one date. `taken` is the number of its open bookings (`verify`); changed in `shops/slots.py` alone."""

    slot = models.ForeignKey(DeliverySlot, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    taken = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["slot", "day"], name="slot_day_once")]

    def __str__(self) -> str:
        return f"{self.slot_id} {self.day}: {self.taken}"


class SlotBooking(models.Model):
    """One place in a slot: held during a checkout (`hold_key`), then a shop order's. It ends once."""

    slot_day = models.ForeignKey(SlotDay, on_delete=models.PROTECT, related_name="bookings")
    hold_key = models.CharField(max_length=60, db_index=True)
    shop_order = models.ForeignKey(
        "shops.ShopOrder", null=True, blank=True, on_delete=models.PROTECT, related_name="slot_bookings"
    )
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["slot_day", "hold_key"], condition=models.Q(ended_at=None), name="slot_booked_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.slot_day_id} {self.hold_key}"
