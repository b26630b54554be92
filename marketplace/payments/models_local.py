"""Local complementary currencies: their rate, who accepts them, the accounts kept here, what pays which order."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.foundation.leases import DueRow
from marketplace.payments.references import new_reference


class LocalCurrency(models.Model):
    """One local currency. Its rate never changes: amounts that were frozen by it stay exact."""

    class Provider(models.TextChoices):
        KEPT = "kept", _("Its accounts are kept here")
        SERVICE = "service", _("Its accounts are kept by an outside service")

    code = models.CharField(
        max_length=3, unique=True, validators=[RegexValidator(r"^[A-Z]{3}$")], help_text="Three capitals, as in GON."
    )
    name = models.CharField(max_length=60)
    # One minor unit of it is worth numerator/denominator minor units of the network's currency.
    rate_numerator = models.PositiveIntegerField(default=1, validators=[MinValueValidator(1)])
    rate_denominator = models.PositiveIntegerField(default=1, validators=[MinValueValidator(1)])
    provider = models.CharField(max_length=8, choices=Provider.choices, default=Provider.KEPT)
    service_address = models.URLField(max_length=300, blank=True)
    service_key = models.TextField(blank=True, help_text="Sealed, see foundation.secrets.")
    active = models.BooleanField(default=True)

    class Meta:
        verbose_name_plural = "local currencies"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(rate_numerator__gt=0, rate_denominator__gt=0), name="local_rate_positive"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def value_of(self, units_minor: int) -> int:
        """In minor units of the network's currency, rounded down."""
        return units_minor * self.rate_numerator // self.rate_denominator

    def units_for(self, value_minor: int) -> int:
        """In its own minor units, rounded up: what they are worth is never less."""
        return -(-value_minor * self.rate_denominator // self.rate_numerator)


class LocalAcceptance(models.Model):
    """That a shop takes a local currency, and for how much of each order."""

    currency = models.ForeignKey(LocalCurrency, on_delete=models.CASCADE, related_name="acceptances")
    shop = models.ForeignKey("shops.Shop", on_delete=models.CASCADE, related_name="local_acceptances")
    basis_points = models.PositiveIntegerField(validators=[MaxValueValidator(10_000)], help_text="10000: all of it.")
    account = models.CharField(max_length=80, blank=True, help_text="The shop's, at an outside service.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["currency", "shop"], name="local_acceptance_once")]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.currency}: {self.basis_points}"


class LocalAccount(models.Model):
    """What a reader or a shop holds of a currency that is kept here."""

    currency = models.ForeignKey(LocalCurrency, on_delete=models.PROTECT, related_name="accounts")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="local_accounts"
    )
    shop = models.ForeignKey("shops.Shop", null=True, on_delete=models.PROTECT, related_name="local_accounts")
    balance_minor = models.PositiveBigIntegerField(
        default=0, help_text="Free to spend: the sum of its entries. Changed in local_kept.py alone."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["currency", "user"], name="local_account_per_user"),
            models.UniqueConstraint(fields=["currency", "shop"], name="local_account_per_shop"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.currency}"


class LocalUse(models.Model):
    """A local currency that pays a part of a checkout, as much as the reader asked. Amounts in its own minor units;
    `value_minor` in the order's. Decided and held at "pay", like the stock; spent when the order is placed."""

    checkout = models.OneToOneField("placing.Checkout", on_delete=models.CASCADE, related_name="local_use")
    reference = models.CharField(
        max_length=20, unique=True, default=new_reference, help_text="What it is known by at an outside service."
    )
    currency = models.ForeignKey(LocalCurrency, on_delete=models.PROTECT, related_name="uses")
    account = models.ForeignKey(LocalAccount, null=True, on_delete=models.PROTECT, related_name="uses")
    service_account = models.CharField(max_length=80, blank=True, help_text="The payer's, at an outside service.")
    service_code = models.TextField(blank=True, help_text="Their word for one payment, sealed; gone once used.")
    wanted_minor = models.PositiveBigIntegerField(help_text="As the reader asked.")
    amount_minor = models.PositiveBigIntegerField(default=0)
    value_minor = models.PositiveBigIntegerField(default=0)
    held = models.BooleanField(default=False)
    spent_at = models.DateTimeField(null=True)
    back_minor = models.PositiveBigIntegerField(default=0, help_text="Of what was spent: given back.")
    back_value_minor = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(back_minor__lte=models.F("amount_minor"))
                & models.Q(back_value_minor__lte=models.F("value_minor")),
                name="local_back_fits",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.amount_minor} ({self.checkout_id})"


class LocalShare(models.Model):
    """What of a use is one shop's: owed to it in the local currency, within what it accepts."""

    use = models.ForeignKey(LocalUse, on_delete=models.CASCADE, related_name="shares")
    shop = models.ForeignKey("shops.Shop", on_delete=models.PROTECT, related_name="+")
    value_minor = models.PositiveBigIntegerField()
    paid_value_minor = models.PositiveBigIntegerField(default=0, help_text="Of that, paid to the shop's local account.")
    paid_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["use", "shop"], name="local_share_once")]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.value_minor}"


class LocalEntry(models.Model):
    """One movement of an account kept here; never changed or deleted."""

    class Kind(models.TextChoices):
        CREDIT = "credit", _("Bought")
        HOLD = "hold", _("Used in an order")
        RELEASE = "release", _("Order not paid")
        BACK = "back", _("Given back")
        EARNED = "earned", _("Earned by an order")
        CHANGED = "changed", _("Changed into money")

    account = models.ForeignKey(LocalAccount, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    amount_minor = models.BigIntegerField(help_text="Above zero onto the account, below zero off it.")
    use = models.ForeignKey(LocalUse, null=True, on_delete=models.SET_NULL, related_name="entries")
    shop = models.ForeignKey("shops.Shop", null=True, on_delete=models.PROTECT, related_name="local_entries")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    once = models.CharField(max_length=80, null=True, unique=True, help_text="Sent twice it moves once.")
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "local entries"

    def __str__(self) -> str:
        return f"{self.account} {self.kind} {self.amount_minor}"


class LocalCall(DueRow):
    """One call to an outside service, its key stored before the call. After an unknown outcome it is looked up by that
    key, never made again blindly."""

    class Kind(models.TextChoices):
        HOLD = "hold", "Hold for a checkout"
        TAKE = "take", "Take what was held"
        FREE = "free", "Free what was held"
        PAY = "pay", "Pay a shop or a reader"

    kind = models.CharField(max_length=4, choices=Kind.choices)
    key = models.CharField(max_length=120, unique=True)
    use = models.ForeignKey(LocalUse, on_delete=models.PROTECT, related_name="calls")
    account = models.CharField(max_length=80, blank=True, help_text="Whom it takes from, or pays.")
    amount_minor = models.PositiveBigIntegerField()
    tried_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
