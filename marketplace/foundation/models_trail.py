"""The audit trail: entries, the place of each in the chain, the chain's end of each day (decision 0030)."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from marketplace.foundation.append_only import AppendOnly

ERASED = "(erased)"


class AuditEntry(models.Model):
    """Who did what to which row, and why. Written in the transaction of the change; the database refuses to change or
    delete it. Actor and shop are numbers that stay when the row they name has gone. Of what says who somebody is, the
    digests stay when it is erased, and the salts without which they tell nothing go with it."""

    at = models.DateTimeField(db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    actor_label = models.CharField(max_length=200, help_text="Who it was then, also after the account is gone.")
    action = models.CharField(max_length=60, help_text="noun.verb, as in shop_order.accept")
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=60)
    shop = models.ForeignKey(
        "shops.Shop", null=True, blank=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    reason = models.CharField(max_length=500, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    name_salt = models.CharField(max_length=32, editable=False)
    name_digest = models.CharField(max_length=64, editable=False, help_text="Of the actor's label.")
    words_salt = models.CharField(max_length=32, editable=False)
    words_digest = models.CharField(max_length=64, editable=False, help_text="Of reason and facts.")

    class Meta:
        indexes = [models.Index(fields=["subject_type", "subject_id"], name="audit_subject")]
        constraints = [
            AppendOnly(
                name="audit_entry_stays",
                erased={"name_salt": "", "actor_label": ERASED, "words_salt": "", "reason": "", "facts": "{}"},
            )
        ]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_label} {self.action} {self.subject_type} {self.subject_id}"


class AuditLink(models.Model):
    """An entry's place in the chain: given within a minute by the step `chain_audit`, in an order of its own, since
    entries become visible in another order than that of their numbers."""

    place = models.PositiveBigIntegerField(primary_key=True)
    entry = models.OneToOneField(AuditEntry, on_delete=models.DO_NOTHING, db_constraint=False, related_name="link")
    digest = models.CharField(max_length=64, help_text="Of the link before and this entry, SHA-256 in hexadecimals.")
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [AppendOnly(name="audit_link_stays")]

    def __str__(self) -> str:
        return f"{self.place}: {self.digest}"


class AuditEnd(models.Model):
    """Where the chain ends: one row, locked by who adds to it."""

    place = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)
    looked_from = models.BigIntegerField(default=0, help_text="Every entry up to this number has its place.")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="audit_end_is_one_row")]

    def __str__(self) -> str:
        return f"{self.place}: {self.digest}"


class AuditRoot(models.Model):
    """The chain's end at the end of a day (UTC): who wrote it down can tell later that nothing before was changed."""

    day = models.DateField(primary_key=True)
    place = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [AppendOnly(name="audit_root_stays")]

    def __str__(self) -> str:
        return f"{self.day}: {self.digest}"
