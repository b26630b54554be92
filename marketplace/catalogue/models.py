"""Facts about a title. `ProductFacts` is written by the fold (`folding.py`) alone, over what every source says."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.foundation.leases import DueRow


class Form(models.TextChoices):
    """What kind of thing it is: the values of `catalog_sync.records.Form`, into which every system's words map, and
    two finer ones that an editor may give."""

    HARDBACK = "hardback", _("Hardback")
    PAPERBACK = "paperback", _("Paperback")
    POCKET = "pocket", _("Pocket book")
    BOOK = "book", _("Book")
    COMIC = "comic", _("Comic book")
    BOARD = "board", _("Board book")
    EBOOK = "ebook", _("E-book")
    AUDIO = "audio", _("Audio book")
    VIDEO = "video", _("Film")
    MAP = "map", _("Map")
    MUSIC = "music", _("Music")
    CALENDAR = "calendar", _("Calendar")
    GAME = "game", _("Game")
    STATIONERY = "stationery", _("Stationery")
    GOODS = "goods", _("Goods")
    OTHER = "other", _("Other goods")


class Subject(models.Model):
    """One node of a subject scheme (Thema to begin with): `code` "FB" lies under "F"."""

    scheme = models.CharField(max_length=20, default="thema")
    code = models.CharField(max_length=20)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="children")
    label_fr = models.CharField(max_length=250)
    label_en = models.CharField(max_length=250)

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["scheme", "code"], name="subject_code_once")]

    def __str__(self) -> str:
        return f"{self.code} {self.label_en}"


class SubjectMapping(models.Model):
    """What a beginning of another scheme's codes means in Thema; the longest that fits counts. Loaded by
    `import_subjects`."""

    scheme = models.CharField(max_length=20)
    prefix = models.CharField(max_length=20)
    thema = models.CharField(max_length=20)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scheme", "prefix"], name="subject_mapping_once")]

    def __str__(self) -> str:
        return f"{self.scheme} {self.prefix}: {self.thema}"


class ProductFacts(models.Model):
    """What is known of a product beside Oscar's columns. `provenance` says for each fact which source gave it."""

    product = models.OneToOneField(
        "catalogue.Product", primary_key=True, on_delete=models.CASCADE, related_name="facts"
    )
    gtin = models.BigIntegerField(null=True, unique=True, help_text="ISBN-13, EAN-13, … as a number; null without one.")
    subtitle = models.CharField(max_length=300, blank=True)
    # [{"name": "Camus, Albert", "role": "author"}], in the order of the title page
    contributors = models.JSONField(default=list)
    contributors_text = models.CharField(max_length=500, blank=True, help_text='As shown: "Albert Camus, …".')
    publisher = models.CharField(max_length=200, blank=True)
    series = models.CharField(max_length=200, blank=True)
    series_number = models.CharField(max_length=20, blank=True)
    language = models.CharField(max_length=3, blank=True, help_text="ISO 639-1, or 639-2/B where that has none.")
    form = models.CharField(max_length=12, choices=Form.choices, blank=True)
    pages = models.PositiveIntegerField(null=True)
    publication_date = models.DateField(null=True)
    description = models.TextField(blank=True, help_text="Sanitised HTML.")
    subject_codes = models.JSONField(default=list, help_text='Thema codes, most telling first: ["FBA", "JBSF"].')
    subject_path = models.JSONField(default=list, help_text='The first one\'s path: ["F", "FB"].')
    audience = models.CharField(max_length=60, blank=True)
    # Whether someone of a shop stands for it; kept by who writes the picks, not by the fold.
    picked = models.BooleanField(default=False, db_default=False)
    weight_grams = models.PositiveIntegerField(null=True, help_text="Empty: the default of its form counts.")
    unit_size = models.CharField(max_length=60, blank=True)
    tax_code = models.CharField(max_length=40, blank=True)
    territory = models.TextField(blank=True, default="", help_text="Where it may be sold, as `sale_limits` writes it.")
    age_limit = models.CharField(max_length=8, blank=True, default="", help_text="Years, or a word of `sale_limits`.")
    cover = models.ImageField(upload_to="covers/", blank=True)
    cover_source = models.URLField(max_length=500, blank=True, help_text="Where a sender says the cover is.")
    is_book = models.BooleanField(default=False, help_text="Its GTIN begins with 978 or 979 (not 979-0).")
    synthetic = models.BooleanField(default=False, help_text="Some facts are made up, for the demo.")
    provenance = models.JSONField(default=dict)
    # The lowest key of the editions of one work, this one among them; null where it is the only one.
    work_id = models.BigIntegerField(null=True, editable=False)
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "product facts"
        indexes = [
            models.Index(fields=["series"], name="facts_series"),
            models.Index(fields=["contributors_text"], name="facts_contributors"),
            models.Index(fields=["work_id"], condition=models.Q(work_id__isnull=False), name="facts_work"),
        ]

    def __str__(self) -> str:
        return f"{self.gtin or 'no GTIN'} ({self.product_id})"


class OtherGtin(models.Model):
    """A number that a title has beside its own: of another that was joined with it. Feeds match by it too."""

    gtin = models.BigIntegerField(primary_key=True)
    product = models.ForeignKey("catalogue.Product", on_delete=models.CASCADE, related_name="other_gtins")

    def __str__(self) -> str:
        return f"{self.gtin} → {self.product_id}"


class ProductRedirect(models.Model):
    """A title that was joined with another: it is kept, empty, and its address leads to the other one's."""

    old = models.OneToOneField("catalogue.Product", primary_key=True, on_delete=models.CASCADE, related_name="moved_to")
    product = models.ForeignKey("catalogue.Product", on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"{self.old_id} → {self.product_id}"


class FactEdit(models.Model):
    """What an operator says of one fact of a title: one more source of the fold, which wins. An empty value says that
    there is nothing to show; taking the row away brings back what the others say."""

    product = models.ForeignKey("catalogue.Product", on_delete=models.CASCADE, related_name="fact_edits")
    fact = models.CharField(max_length=20, help_text="title, or a name of catalog_sync.records.FACT_FIELDS.")
    value = models.JSONField(null=True, help_text="As a source record has it.")
    by = models.ForeignKey("marketplace.User", null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "fact"], name="fact_edited_once")]

    def __str__(self) -> str:
        return f"{self.product_id} {self.fact}"


class Moderation(models.Model):
    """A title that waits, or has waited, for an operator's yes (`catalog_sync.titles.moderation` has the rules). Until
    then, and after a no, readers do not see it. The row stays: what was decided holds."""

    class Reason(models.TextChoices):
        ADULTS = "adults", _("For adults only")
        NEW_SHOP = "new_shop", _("From a new shop, without an ISBN or EAN")

    class Answer(models.TextChoices):
        YES = "yes", _("May be shown")
        NO = "no", _("Is not shown")

    product = models.OneToOneField(
        "catalogue.Product", primary_key=True, on_delete=models.CASCADE, related_name="moderation"
    )
    shop = models.ForeignKey("shops.Shop", null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=10, choices=Reason.choices)
    asked_at = models.DateTimeField()
    answer = models.CharField(max_length=3, choices=Answer.choices, blank=True, default="")
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey("marketplace.User", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["answer", "asked_at"], name="moderation_waiting")]

    def __str__(self) -> str:
        return f"{self.product_id} {self.reason} {self.answer}"


class TitleChange(models.Model):
    """A title whose document in the index is out of date: written in the transaction of the change by whoever causes
    it, taken up by the step `index_titles`. Several rows for one product are collapsed there."""

    product_id = models.BigIntegerField(db_index=True)
    marked_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.product_id)


class WorkKey(models.Model):
    """What makes a title an edition of a work: those that share a key are editions of one. Written by the grouping
    (`catalog_sync.titles.works`) alone."""

    product_id = models.BigIntegerField(db_index=True)
    key = models.BigIntegerField(db_index=True, help_text="A hash of what kind of key it is, and its value.")
    gtin = models.BigIntegerField(null=True, help_text="Where the key is the number of another edition.")

    def __str__(self) -> str:
        return f"{self.product_id}: {self.key}"


class WorkChange(models.Model):
    """A title of which something is said anew: taken up by the step `group_works`, as `TitleChange` is by the index."""

    product_id = models.BigIntegerField()
    marked_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.product_id)


class ListedName(models.Model):
    """A name with a page of its own, at `slug`: an author's, a publisher's or a series'. Written as titles are indexed
    (`search.names`), taken away some time after its last title has gone. Spellings with the same `key` are one; the
    first of them has the page."""

    class Kind(models.TextChoices):
        AUTHOR = "author", _("Author")
        PUBLISHER = "publisher", _("Publisher")
        SERIES = "series", _("Series")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    slug = models.CharField(max_length=255)
    key = models.CharField(max_length=300, help_text="What the index knows it by.")
    name = models.CharField(max_length=300)
    changed_on = models.DateField(help_text="The last day on which one of its titles was indexed anew.")
    looked_on = models.DateField(default=date.min, help_text="When it was last seen to have a title.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "slug"], name="listed_name_once")]
        indexes = [
            models.Index(fields=["kind", "key"], name="listed_name_key"),
            models.Index(fields=["looked_on", "id"], name="listed_name_looked"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"


class CoverFetch(DueRow):
    """A cover that a sender names and we do not have yet; taken up by the step `fetch_covers`. What cannot be had is
    finished with the reason in `last_error`: a title has its drawn cover then, and nobody needs to look."""

    product = models.OneToOneField(
        "catalogue.Product", primary_key=True, on_delete=models.CASCADE, related_name="cover_fetch"
    )
    source = models.URLField(max_length=500)

    def __str__(self) -> str:
        return self.source
