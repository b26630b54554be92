from django.db import models


class FakeStripeObject(models.Model):
    """One object of the stand-in, as the JSON that Stripe would answer; keys that begin with "_" never leave it.

    `id` gives the order of creation. `account` is empty for the platform's own objects. `created` and `due_at` are
    Unix seconds, Stripe's own unit; `due_at` is when time alone changes the object (a session or an authorisation
    ends, an event is to be delivered) and is null when it no longer does.
    """

    kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=255, unique=True)
    account = models.CharField(max_length=255, blank=True)
    created = models.BigIntegerField()
    due_at = models.BigIntegerField(null=True, blank=True)
    body = models.JSONField()

    class Meta:
        indexes = [
            models.Index(fields=["kind", "account", "id"], name="fake_stripe_kind"),
            models.Index(fields=["kind", "due_at"], name="fake_stripe_due"),
        ]

    def __str__(self) -> str:
        return self.object_id


class FakeStripeKey(models.Model):
    """The first answer given under an idempotency key, replayed while Stripe keeps it (v1: 24 h, v2: 30 days)."""

    key = models.CharField(max_length=255, unique=True)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.JSONField()
    kept_until = models.BigIntegerField()

    def __str__(self) -> str:
        return self.key
