"""Feed, StockLane, SyncRun, SourceRecord, JournalPart, FeedToken, Push, RecordIssue: where a shop publishes, each
reading, what it said, what it changed, what programs may send, what was wrong."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog_sync.models_doors import DryRun, FeedSetup, HostVisit, SftpLogin, Webhook
from catalog_sync.models_own import TYPED, OwnArticle
from catalog_sync.models_pricing import PriceRule, PriceTask
from catalog_sync.models_titles import FoldDue, Lookup, PinnedArticle, PutOff, TitleBlock, TitleMove
from catalog_sync.models_troubles import FeedTrouble
from marketplace.foundation import network, secrets
from marketplace.foundation.leases import DueRow

__all__ = [
    "DryRun",
    "Feed",
    "FeedSetup",
    "FeedToken",
    "FeedTrouble",
    "FoldDue",
    "HostVisit",
    "JournalPart",
    "Lookup",
    "OwnArticle",
    "PinnedArticle",
    "PriceRule",
    "PriceTask",
    "Push",
    "PutOff",
    "ReadRow",
    "RecordIssue",
    "SftpLogin",
    "SourceRecord",
    "StockLane",
    "SyncRun",
    "TYPED",
    "TitleBlock",
    "TitleMove",
    "Webhook",
]


class ReadRow(DueRow):
    """What is read on a schedule of its own: a feed, or the second lane of one."""

    class Mode(models.TextChoices):
        FULL = "full", _("All the shop has")
        DELTA = "delta", _("Only what has changed")
        PARTIAL = "partial", _("Only the columns that are there, of some articles")

    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.FULL)
    every_minutes = models.PositiveIntegerField(default=60)
    # A system that is asked for changes is asked for everything at least this often (DESIGN §5: daily).
    full_every_hours = models.PositiveIntegerField(default=24)
    full_at = models.DateTimeField(null=True, editable=False, help_text="When it was last read whole.")
    cursor = models.TextField(
        blank=True, default="", help_text="Where the next delta begins, what the list looked like; stored once applied."
    )
    content_hash = models.CharField(max_length=64, blank=True, help_text="Of the file last applied whole.")
    missing_is_zero = models.BooleanField(
        default=False, help_text="It lists only what is in stock: an article that a complete list lacks is sold out."
    )

    class Meta:
        abstract = True


class Feed(ReadRow):
    """Where and how a shop publishes its catalogue. A shop is configuration; a shop system is a file in `adapters/`.

    The row itself is its first lane. A `StockLane` beside it is the second."""

    class Sender(models.TextChoices):
        """Who describes the titles: whom the fold believes first (`precedence.RANKS`)."""

        PUBLISHER = "publisher", _("A publisher")
        WHOLESALER = "wholesaler", _("A wholesaler")
        SHOP = "shop", _("A shop")

    class Lane(models.TextChoices):
        CATALOGUE = "catalogue", "Titles, prices and stock"
        STOCK = "stock", "Stock alone"

    shop = models.ForeignKey("shops.Shop", on_delete=models.CASCADE, related_name="feeds")
    name = models.SlugField(max_length=60, unique=True, help_text="As in `sync NAME`.")
    kind = models.CharField(max_length=30, help_text="A key of catalog_sync.adapters.ADAPTERS.")
    lane = models.CharField(max_length=10, choices=Lane.choices, default=Lane.CATALOGUE)
    sender = models.CharField(
        max_length=10, choices=Sender.choices, blank=True, default="", help_text="Empty: as its kind has it."
    )
    location = models.CharField(
        max_length=500, help_text="A path below the feeds folder, an https address, or sftp://user@host/path."
    )
    options = models.JSONField(default=dict, blank=True, help_text="The adapter's own, such as the mapping of columns.")
    currency = models.CharField(max_length=3, default="CAD")
    language = models.CharField(max_length=3, default="fr")
    encoding = models.CharField(max_length=20, blank=True, help_text="Declared charset; empty: found out.")
    active = models.BooleanField(default=True)
    sealed_password = models.TextField(blank=True, default="", editable=False)
    # How old a number can be that bears no time, of a file we fetch (DESIGN §5)
    lateness_hours = models.PositiveSmallIntegerField(default=48)
    # The promise: so long after its last complete list was read is its stock sold online.
    freshness_hours = models.PositiveIntegerField(default=72, validators=[MinValueValidator(1)])
    lapsed_at = models.DateTimeField(null=True, editable=False, help_text="Then its promise had passed.")
    drop_limit = models.PositiveSmallIntegerField(
        default=20, validators=[MaxValueValidator(100)], help_text="More rows than this gone: a person approves."
    )
    price_jump = models.PositiveSmallIntegerField(
        default=40, validators=[MaxValueValidator(1000)], help_text="A price that moves by more is quarantined."
    )
    price_floor_minor = models.PositiveIntegerField(default=10, help_text="A price below it is quarantined.")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def password(self) -> str:
        """What we sign in with where the shop's system asks for it; empty where it does not. Raises `SecretError`."""
        return secrets.open_sealed(self.sealed_password, row=self._row) if self.sealed_password else ""

    def keep_password(self, plain: str) -> None:
        """Stored encrypted, for this feed alone; empty: none."""
        self.sealed_password = secrets.seal(plain, row=self._row) if plain else ""
        self.save(update_fields=["sealed_password"])

    @property
    def _row(self) -> str:
        return f"{self._meta.label_lower}:{self.pk}"

    @property
    def timezone(self) -> str:
        return self.shop.timezone

    @property
    def country(self) -> str:
        """Where the marketplace sells: prices and sales rights are those of this country."""
        return network.current().country

    @property
    def stock_kind(self) -> str:
        return self.shop.stock_kind


class StockLane(ReadRow):
    """The second lane of a feed: how many copies there are, read by itself and more often. In every shop system
    examined an article's "modified" stamp does not move when a sale takes its stock."""

    feed = models.OneToOneField(Feed, on_delete=models.CASCADE, related_name="stock_lane")
    location = models.CharField(max_length=500, blank=True, help_text="Empty: the feed's own.")
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"{self.feed} ({Feed.Lane.STOCK})"


class SyncRun(models.Model):
    """One reading of one lane of a feed, with its counters."""

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        AWAITING = "awaiting", _("Awaits approval")
        FAILED = "failed", _("Failed")
        REJECTED = "rejected", _("Rejected")
        UNDONE = "undone", _("Undone")

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="runs")
    lane = models.CharField(max_length=10, choices=Feed.Lane.choices, default=Feed.Lane.CATALOGUE)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    started_at = models.DateTimeField()
    # Moved on while the run works; a run that has not for some minutes belongs to a dead process and is taken over.
    alive_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    complete = models.BooleanField(default=False, help_text="The sender's file was read to its end and is credible.")
    as_of = models.DateTimeField(null=True)
    read = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    refused_by = models.JSONField(default=dict, help_text="{code of the reason: articles}; all of them, none cut off.")
    warned_by = models.JSONField(default=dict, help_text="{code: articles} of what went in with a word about it.")
    quarantined = models.PositiveIntegerField(default=0)
    unmatched = models.PositiveIntegerField(default=0, help_text="Of the quarantined: which title it is, is asked.")
    written = models.PositiveIntegerField(default=0, help_text="Rows of ours that were written.")
    seconds = models.FloatField(default=0)
    peak_memory_mb = models.PositiveIntegerField(
        default=0, help_text="The most that the process has needed since it began, with its largest child; MiB."
    )
    # What happened, in words a bookseller understands: [{"code": …, "text": …}]
    notes = models.JSONField(default=list)
    # Some articles of each kind of change, where a person must approve it: catalog_sync.sampling.sample
    sample = models.JSONField(default=dict)
    approved_by = models.ForeignKey("marketplace.User", null=True, on_delete=models.SET_NULL, related_name="+")
    # The operator, where so much of a shop is touched that two must agree
    seconded_by = models.ForeignKey("marketplace.User", null=True, on_delete=models.SET_NULL, related_name="+")
    content_hash = models.CharField(max_length=64, blank=True)
    approved_at = models.DateTimeField(null=True, help_text="Approved then, and waiting to be read again and applied.")
    pushed = models.BooleanField(default=False, help_text="Of rows that a program pushed, not of the feed's list.")
    undo_asked_at = models.DateTimeField(null=True, help_text="Then a person asked for its undoing, which is due.")
    undo_asked_by = models.ForeignKey("marketplace.User", null=True, on_delete=models.SET_NULL, related_name="+")
    cursor_before = models.TextField(blank=True, default="", help_text="The lane's cursor when it began.")
    undoes = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="undone_by")
    unsaved_issues: Sequence[RecordIssue] = ()  # of a dry run, which has no row

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["feed"], condition=models.Q(state="running"), name="run_one_at_a_time")
        ]

    def __str__(self) -> str:
        return f"{self.feed} {self.started_at:%Y-%m-%d %H:%M} {self.state}"

    @property
    def awaiting(self) -> int:
        """Articles that wait for a person's approval: of a whole list, or those whose price was kept back."""
        if self.state not in (self.State.AWAITING, self.State.DONE):
            return 0
        whole = self.new + self.changed + self.gone if self.state == self.State.AWAITING else 0
        return whole + self.quarantined - self.unmatched

    @property
    def rows_per_second(self) -> int:
        """Articles read in a second of the run, its applying counted; 0 where it took no time that was measured."""
        return round(self.read / self.seconds) if self.seconds else 0


class SourceRecord(models.Model):
    """An article as a feed last described it. Keyed by feed and SKU without a surrogate or checked foreign keys: those
    cost half of a large import. The facts are this source's own; the fold makes ProductFacts of all sources."""

    pk = models.CompositePrimaryKey("feed_id", "sku")
    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+")
    sku = models.CharField(max_length=128)
    product_id = models.BigIntegerField(null=True, db_index=True, help_text="The match; null: a question for a person.")
    gtin = models.BigIntegerField(null=True)
    title = models.CharField(max_length=300)
    price_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    price_kind = models.CharField(max_length=12)
    quantity = models.IntegerField(null=True)
    availability = models.CharField(max_length=24)
    condition = models.CharField(max_length=12)
    offer_hash = models.BigIntegerField(help_text="Of price, quantity, availability, condition and their like.")
    stock_hash = models.BigIntegerField(help_text="The same of what the stock lane said.")
    facts_hash = models.BigIntegerField(help_text="Of title and facts.")
    row_hash = models.BigIntegerField(
        default=0, db_default=0, help_text="Of the row of a list that it was made of; 0: to be read anew."
    )
    facts = models.JSONField(default=dict)
    as_of = models.DateTimeField(null=True, help_text="The age of its number.")
    said_as_of = models.DateTimeField(null=True, help_text="The age of what it says beside the number.")
    changed_run_id = models.BigIntegerField(null=True)
    missed = models.PositiveSmallIntegerField(default=0, help_text="Complete lists in a row that lacked it.")
    retired_at = models.DateTimeField(null=True)

    class Meta:
        # The few prices that are law, among millions that are not: found without looking at the others
        indexes = [
            models.Index(fields=["product_id"], condition=models.Q(price_kind="fixed"), name="record_fixed_price")
        ]

    def __str__(self) -> str:
        return f"{self.feed_id}:{self.sku}"


class JournalPart(models.Model):
    """What the rows were that one slice of a run wrote: lines of JSON, compressed. With it the run can be undone."""

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="journal")
    number = models.PositiveIntegerField(help_text="Of the slice, in the order of writing.")
    rows = models.PositiveIntegerField()
    body = models.BinaryField()

    class Meta:
        ordering = ["run", "number"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="journal_part_once")]

    def __str__(self) -> str:
        return f"{self.run} part {self.number}"


class FeedToken(models.Model):
    """A key by which a shop's own program sends to one feed. Only its digest is kept."""

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="tokens")
    label = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the key.")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("marketplace.User", null=True, on_delete=models.SET_NULL, related_name="+")
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.feed} {self.label}"


class Push(DueRow):
    """Rows that a shop's program pushed; taken up by the step `apply_pushes`, which empties them."""

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="pushes")
    key = models.CharField(max_length=64, help_text="The sender's own, once for every push.")
    digest = models.CharField(max_length=64)
    as_of = models.DateTimeField()
    received_at = models.DateTimeField()
    rows = models.JSONField(default=list)
    run = models.ForeignKey(SyncRun, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["feed", "key"], name="push_key_once")]

    def __str__(self) -> str:
        return f"{self.feed} {self.key}"


class RecordIssue(models.Model):
    """One row that was refused or quarantined in a run, with where, why and what to do."""

    class Kind(models.TextChoices):
        REFUSED = "refused", "Refused"
        QUARANTINED = "quarantined", "Quarantined"
        QUESTION = "question", "Question"
        WARNING = "warning", "Warning"

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="issues")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    code = models.CharField(max_length=40)
    position = models.CharField(max_length=60, blank=True, help_text='"row 17", "record 3".')
    sku = models.CharField(max_length=128, blank=True)
    value = models.CharField(max_length=300, blank=True)
    text = models.CharField(max_length=500)

    def __str__(self) -> str:
        return f"{self.position}: {self.text}"
