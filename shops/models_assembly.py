"""What the network and its members say to each other: announcements, and votes of the members."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from shops.models_shop import Shop


class Announcement(models.Model):
    """The network writes to its shops; each person sees it in the portal until they have read it."""

    subject_fr = models.CharField(max_length=120)
    subject_en = models.CharField(max_length=120)
    text_fr = models.TextField(max_length=4000)
    text_en = models.TextField(max_length=4000)
    shop = models.ForeignKey(Shop, null=True, blank=True, on_delete=models.CASCADE, related_name="announcements")
    is_important = models.BooleanField(default=False, help_text="By mail too.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["ended_at", "-at"], name="announcement_open")]

    def __str__(self) -> str:
        return self.subject_fr


class AnnouncementRead(models.Model):
    announcement = models.ForeignKey(Announcement, on_delete=models.CASCADE, related_name="read_by")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["announcement", "user"], name="announcement_read_once")]

    def __str__(self) -> str:
        return f"{self.announcement_id} by {self.user_id}"


class Motion(models.Model):
    """What the members vote on. Proposed, spoken about, opened by the board with its roll of voters, closed by the step
    `close_motions`; only then are the ballots opened (decision 0031)."""

    class Weighing(models.TextChoices):
        MEMBER = "member", _("One member, one vote")
        SHARE = "share", _("By shares")

    title = models.CharField(max_length=160)
    text = models.TextField(max_length=8000)
    choices = models.JSONField(help_text='What can be voted for, in its order: ["Yes", "No", "Abstention"].')
    weighing = models.CharField(max_length=8, choices=Weighing.choices, default=Weighing.MEMBER)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    shop = models.ForeignKey(Shop, null=True, blank=True, on_delete=models.SET_NULL, related_name="motions")
    proposed_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    root = models.CharField(max_length=64, blank=True, help_text="Of the Merkle tree over the ballots.")
    result = models.JSONField(default=list, blank=True, help_text="Weight of each choice, in their order.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(closed_at=None) | models.Q(opened_at__isnull=False, ends_at__isnull=False),
                name="motion_open_before_closed",
            )
        ]

    def __str__(self) -> str:
        return self.title


class MotionWord(models.Model):
    """One thing said about a motion, by a shop or by the board."""

    motion = models.ForeignKey(Motion, on_delete=models.CASCADE, related_name="words")
    shop = models.ForeignKey(Shop, null=True, on_delete=models.SET_NULL, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    text = models.TextField(max_length=2000)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.motion_id}: {self.text[:40]}"


class MotionVoter(models.Model):
    """A line of the roll: which shop may vote, with which weight, fixed when the vote opens."""

    motion = models.ForeignKey(Motion, on_delete=models.PROTECT, related_name="voters")
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="+")
    weight = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["motion", "shop"], name="voter_once"),
            models.CheckConstraint(condition=models.Q(weight__gt=0), name="voter_has_weight"),
        ]

    def __str__(self) -> str:
        return f"{self.motion_id}: {self.shop_id} ({self.weight})"


class Ballot(models.Model):
    """A vote, sealed until its motion is closed. The digest commits to it: nobody can put another one in its place."""

    voter = models.OneToOneField(MotionVoter, on_delete=models.PROTECT, related_name="ballot")
    sealed = models.CharField(max_length=400, help_text="Choice and nonce, encrypted for this row of the roll.")
    digest = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    cast_at = models.DateTimeField()
    choice = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Opened: which of the motion's choices.")
    nonce = models.CharField(max_length=32, blank=True, help_text="Opened: what the digest was made with.")

    def __str__(self) -> str:
        return self.digest
