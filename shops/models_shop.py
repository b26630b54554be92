"""A shop, its people, its hours."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.foundation.models import COLOUR


class Shop(models.Model):
    """An independent seller, one-to-one with Oscar's Partner (which carries its stock records)."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Joining")
        ACTIVE = "active", _("On sale")
        PAUSED = "paused", _("Paused")
        SUSPENDED = "suspended", _("Suspended by the network")
        LEAVING = "leaving", _("Leaving")
        LEFT = "left", _("Left")

    class Kind(models.TextChoices):
        """What a passer-by would call it."""

        BOOKS = "books", _("Bookshop")
        USED_BOOKS = "used_books", _("Second-hand bookshop")
        COMICS = "comics", _("Comics and children's bookshop")
        STATIONERY = "stationery", _("Stationer")
        FOOD = "food", _("Grocer")
        CRAFTS = "crafts", _("Makers' shop")
        MUSIC = "music", _("Music shop")
        TOYS = "toys", _("Toys and games")
        OTHER = "other", _("Other")

    class Goods(models.TextChoices):
        """What there is on its shelves; a shop has several."""

        NEW_BOOKS = "new_books", _("New books")
        USED_BOOKS = "used_books", _("Used books")
        RARE_BOOKS = "rare_books", _("Rare and signed books")
        COMICS = "comics", _("Comics")
        CHILDREN = "children", _("Children's books")
        ENGLISH = "english", _("Books in English")
        FRENCH = "french", _("Books in French")
        PAPER = "paper", _("Paper and pens")
        MUSIC = "music", _("Music")
        TOYS = "toys", _("Toys and games")
        FOOD = "food", _("Food and drink")
        CRAFTS = "crafts", _("Craft")

    class Service(models.TextChoices):
        """What it does for people, beside the deliveries that its `delivery_options` tell."""

        STEP_FREE = "step_free", _("Step-free entrance")
        ORDERING = "ordering", _("Orders any title")
        BUYING = "buying", _("Buys used books")
        WRAPPING = "wrapping", _("Gift wrapping")
        READINGS = "readings", _("Readings and events")
        SCHOOLS = "schools", _("Serves schools and libraries")
        CAFE = "cafe", _("Café")

    class Region(models.TextChoices):
        """The administrative regions of Quebec, by their official numbers."""

        BAS_SAINT_LAURENT = "01", "Bas-Saint-Laurent"
        SAGUENAY = "02", "Saguenay–Lac-Saint-Jean"
        CAPITALE_NATIONALE = "03", "Capitale-Nationale"
        MAURICIE = "04", "Mauricie"
        ESTRIE = "05", "Estrie"
        MONTREAL = "06", "Montréal"
        OUTAOUAIS = "07", "Outaouais"
        ABITIBI = "08", "Abitibi-Témiscamingue"
        COTE_NORD = "09", "Côte-Nord"
        NORD = "10", "Nord-du-Québec"
        GASPESIE = "11", "Gaspésie–Îles-de-la-Madeleine"
        CHAUDIERE = "12", "Chaudière-Appalaches"
        LAVAL = "13", "Laval"
        LANAUDIERE = "14", "Lanaudière"
        LAURENTIDES = "15", "Laurentides"
        MONTEREGIE = "16", "Montérégie"
        CENTRE = "17", "Centre-du-Québec"

    class Uncollected(models.TextChoices):
        """What becomes of what lies ready at the counter and nobody comes for."""

        BACK = "back", _("It goes back on the shelf, and the reader gets all the money back")
        ASK = "ask", _("We decide each time at the desk")

    class StockKind(models.TextChoices):
        """Which number its feeds give, in both lanes: units on hand, or units not yet promised to its customers."""

        ON_HAND = "on_hand", "On hand"
        AVAILABLE = "available", "Available"

    partner = models.OneToOneField("partner.Partner", on_delete=models.PROTECT, related_name="shop")
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    # Written by `shops.lifecycle` alone: since when it is so, who did it and why, and what a suspension goes back to.
    kept_back = models.JSONField(
        default=list, blank=True, help_text="use:kind, as shops.sharing: what it does not let the network do."
    )
    status_since = models.DateTimeField(null=True, blank=True)
    status_by = models.CharField(max_length=254, blank=True)
    status_reason = models.CharField(max_length=500, blank=True)
    status_before = models.CharField(max_length=10, choices=Status.choices, blank=True)
    email = models.EmailField(help_text="Where its orders go.")
    phone = models.CharField(max_length=40, blank=True)
    line1 = models.CharField("Street", max_length=160)
    city = models.CharField(max_length=80)
    region = models.CharField(max_length=80, blank=True)
    postcode = models.CharField(max_length=16)
    country = models.CharField(max_length=2, default="CA")
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.BOOKS)
    goods = models.JSONField(default=list, blank=True, help_text='Codes of Goods: ["new_books"].')
    services = models.JSONField(default=list, blank=True, help_text='Codes of Service: ["step_free"].')
    timezone = models.CharField(max_length=40, default="America/Toronto")
    language = models.CharField(
        max_length=2, choices=settings.LANGUAGES, default="fr", help_text="Its mail's language."
    )
    description_fr = models.TextField(blank=True)
    description_en = models.TextField(blank=True)
    # How its own entrance looks (`search.entrances`); empty: as the network does.
    logo = models.ImageField(upload_to="shops/", blank=True)
    colour = models.CharField(max_length=7, blank=True, validators=[COLOUR])
    colour_dark = models.CharField(max_length=7, blank=True, validators=[COLOUR])
    stock_kind = models.CharField(max_length=10, choices=StockKind.choices, default=StockKind.ON_HAND)
    # From its word that a line is taken, how long until its own number contains it. A day where a person rings it up.
    booking_lag_minutes = models.PositiveIntegerField(default=24 * 60)
    # What its acceptance means for its own number: it reserves (then acceptance counts), or only the hand-over does.
    reserves_on_accept = models.BooleanField(default=False)
    buffer = models.PositiveSmallIntegerField("Copies kept for the counter", default=0)
    # The shortest promise of its feeds: how long a number that was said by itself, between lists, is sold online.
    freshness_hours = models.PositiveIntegerField("Stock is sold online for, hours after it was read", default=72)
    complete_as_of = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the last complete stock run was read, at the earliest. Null: sells nothing.",
    )
    fresh_until = models.DateTimeField(
        null=True, blank=True, help_text="Until then what its complete runs listed is sold online. Null: not at all."
    )
    # Whether the index counts its stock; the step `follow_freshness` marks its titles when that changes.
    counted_for_sale = models.BooleanField(default=False)
    preparation_minutes = models.PositiveSmallIntegerField(
        default=60, help_text="Of its opening hours, from an order until it lies ready at the counter."
    )
    kept_days = models.PositiveSmallIntegerField(
        default=14, help_text="How long what lies ready at its counter waits for its reader."
    )
    uncollected = models.CharField(
        max_length=6, choices=Uncollected.choices, default=Uncollected.BACK, help_text="And what becomes of it then."
    )
    orders_per_day = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="From so many on, what others lack goes to another shop. Null: no limit."
    )
    refuses_when_full = models.BooleanField(
        default=False, help_text="Above orders_per_day it takes no order more that day, rather than a later one."
    )
    # In its time zone: nothing is mailed to it meanwhile but what cannot wait (`shops.mailing`). Null: at any time.
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    # The other half of the agreement is the other shop's delivery option that names this one.
    receives_for_others = models.BooleanField(
        default=False, help_text="Hands over at its counter what other shops of the network bring there."
    )
    # The network's own offers: readers choose who sells its downloads to them (`checkout.earners`).
    sells_for_all = models.BooleanField(
        "Its downloads are sold by the shop that the reader chooses, or for the solidarity pool", default=False
    )
    commission_basis_points = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: the network's.")
    gift_cards_limit_minor = models.PositiveIntegerField(
        "Most it may owe with the gift cards it sells", default=500_00, help_text="What it took for them, and not paid."
    )
    stripe_account = models.CharField(max_length=60, blank=True)
    stripe_account_ready = models.BooleanField(default=False)
    stripe_account_changed_at = models.DateTimeField(null=True, blank=True)
    channel = models.CharField(max_length=20, default="email", help_text="How its orders reach it: shops.channels.")
    channel_options = models.JSONField(default=dict, blank=True)
    fallback_minutes = models.PositiveIntegerField(
        null=True,
        blank=True,
        default=60,
        help_text="After so long without its system's yes an order comes by another channel. Null: a person looks.",
    )
    # Written by `shops.orders.mailed`: so that each page of its staff can say it without asking.
    unreachable = models.EmailField(blank=True, help_text="Where its orders were mailed, and the mail was refused.")
    # Several shops of one: what the law asks of it is the same for all (`shops.businesses`).
    business = models.ForeignKey(
        "shops.Business", null=True, blank=True, on_delete=models.SET_NULL, related_name="shops"
    )
    # Who sells, as the law of distance selling has it told before one buys (EU: Directive 2011/83, articles 6 and 6a).
    legal_name = models.CharField(max_length=160, blank=True, help_text="Empty: its name.")
    registration = models.CharField(max_length=80, blank=True, help_text="Of its business: SIREN, NEQ, company number.")
    # Not registered (a small supplier): it charges none. Numbers by their form: `foundation.tax_numbers`.
    tax_registered = models.BooleanField(default=True)
    tax_number = models.CharField(max_length=20, blank=True, help_text="Of GST/HST, or of VAT.")
    qst_number = models.CharField(max_length=16, blank=True, help_text="In Quebec.")
    is_professional = models.BooleanField(default=True, help_text="A private person sells without a right of return.")
    agreed_version = models.CharField(
        max_length=16,
        blank=True,
        help_text="Of the agreement's words that it accepted last: shops.onboarding.agreement.",
    )
    return_days = models.PositiveSmallIntegerField(default=14, help_text="Days within which a reader may send back.")
    # Accredited under Quebec's Act respecting the development of Quebec firms in the book industry (chapter D-8.1).
    accreditation = models.CharField("Number of its accreditation", max_length=40, blank=True)
    accredited_until = models.DateField(null=True, blank=True, help_text="Empty: until it is taken away.")
    administrative_region = models.CharField(max_length=2, choices=Region.choices, blank=True)
    return_terms_fr = models.TextField(blank=True)
    return_terms_en = models.TextField(blank=True)
    bears_return_postage = models.BooleanField(default=False, help_text="Also of readers who changed their mind.")
    returns_need_answer = models.BooleanField(
        default=True, help_text="What its terms alone allow comes back once it has agreed; a withdrawal asks nobody."
    )
    receives_returns = models.BooleanField(
        default=False, help_text="Readers may bring it what other shops of the network sold them."
    )
    reserve_hours = models.PositiveSmallIntegerField(
        "Hours a reader may have a copy set aside without paying", default=0, help_text="0: not offered."
    )
    # How often it could hand over what its numbers said: `shops.keeping`.
    kept_share = models.FloatField(default=0.95)
    member_shares = models.PositiveIntegerField(
        default=1, help_text="Its shares in the network, where the members vote by shares."
    )
    joined_at = models.DateTimeField(auto_now_add=True)
    vouched_at = models.DateTimeField(
        null=True, blank=True, help_text="An operator has vouched for it: its titles need no look any more."
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("storefront:shop", args=[self.slug])

    @property
    def is_at_home(self) -> bool:
        """A private person whom nobody collects from. Where a trader is, readers must be told before they buy
        (Directive 2011/83/EU, article 6 (1) (c)); a person's street, postcode and telephone are theirs: strangers see
        the town."""
        collected = [row for row in self.delivery_options.all() if row.active and row.kind == row.Kind.PICKUP]
        return not self.is_professional and not collected

    @property
    def sells_books(self) -> bool:
        """Whether it is a "commerce de vente au détail de livres", as book law says of where a reader collects."""
        kinds, goods = Shop.Kind, Shop.Goods
        shelves = {goods.NEW_BOOKS, goods.USED_BOOKS, goods.RARE_BOOKS, goods.COMICS, goods.CHILDREN}
        return self.kind in {kinds.BOOKS, kinds.USED_BOOKS, kinds.COMICS} or bool(shelves & set(self.goods))


class ShopMember(models.Model):
    """A person who acts for a shop. Being in here is the only door to the portal."""

    class Role(models.TextChoices):
        OWNER = "owner", pgettext_lazy("of a shop", "Owner")
        STAFF = "staff", pgettext_lazy("of a shop", "Staff")
        ACCOUNTS = "accounts", pgettext_lazy("of a shop", "Accounts")
        READER = "read_only", pgettext_lazy("of a shop", "Only looks")

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="shop_memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.STAFF)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "user"], name="member_once")]

    def __str__(self) -> str:
        return f"{self.user} ({self.shop}, {self.role})"


class OpeningHours(models.Model):
    """One span of one weekday, in the shop's own time zone; a shop that closes at noon has two."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField(help_text="0 is Monday.")
    opens = models.TimeField()
    closes = models.TimeField()

    class Meta:
        ordering = ["weekday", "opens"]
        verbose_name_plural = "opening hours"
        constraints = [models.CheckConstraint(condition=models.Q(weekday__lte=6), name="hours_weekday")]

    def __str__(self) -> str:
        return f"{self.shop} {self.weekday} {self.opens:%H:%M}–{self.closes:%H:%M}"


class SpecialHours(models.Model):
    """Days, the first and the last included, on which the shop is closed (`opens` null) or open otherwise than its
    week says; in its own time zone. `shops.opening` says which counts where several name a day."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="special_hours")
    first_day = models.DateField()
    last_day = models.DateField()
    opens = models.TimeField(null=True)
    closes = models.TimeField(null=True)
    note_fr = models.CharField(max_length=120, blank=True)
    note_en = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["first_day", "last_day", "opens"]
        verbose_name_plural = "special hours"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last_day__gte=models.F("first_day")), name="special_days_in_order"
            ),
            models.CheckConstraint(
                condition=models.Q(opens=None, closes=None) | models.Q(opens__isnull=False, closes__isnull=False),
                name="special_hours_both_or_none",
            ),
        ]

    def __str__(self) -> str:
        hours = f"{self.opens:%H:%M}–{self.closes:%H:%M}" if self.opens and self.closes else "closed"
        return f"{self.shop} {self.first_day} – {self.last_day} {hours}"
