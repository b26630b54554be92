from django import forms
from django.contrib import admin

from catalog_sync import declaring
from catalog_sync.doors import sftp_logins
from catalog_sync.models import TYPED, Feed, RecordIssue, StockLane, SyncRun
from shops.models import Shop


class FeedForm(forms.ModelForm):
    password = forms.CharField(
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Where the shop's system asks for one; the user is an option. Empty: as it is. Never shown.",
    )
    private_key = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"autocomplete": "off", "rows": 3}),
        help_text="For an SFTP address, in OpenSSH's form, without a passphrase. Empty: as it is. Never shown.",
    )


class StockLaneInline(admin.StackedInline):
    model = StockLane
    readonly_fields = ["cursor", "content_hash", "attempts", "lease_until", "lease_token", "last_error"]


@admin.register(Feed)
class FeedAdmin(admin.ModelAdmin):
    form = FeedForm
    inlines = [StockLaneInline]
    list_display = ["name", "shop", "kind", "lane", "active", "every_minutes", "due_at", "parked_at"]
    list_filter = ["active", "kind", "lane"]
    search_fields = ["name", "shop__name", "location"]
    readonly_fields = ["cursor", "content_hash", "attempts", "lease_until", "lease_token", "last_error"]

    def save_model(self, request, obj, form, change):
        if not change and obj.kind != TYPED:
            Shop.objects.filter(pk=obj.shop_id).update(booking_lag_minutes=declaring.lag_of(obj.shop))
        super().save_model(request, obj, form, change)
        if form.cleaned_data.get("password"):
            obj.keep_password(form.cleaned_data["password"])
        if form.cleaned_data.get("private_key"):
            sftp_logins.keep_private_key(obj, form.cleaned_data["private_key"])


class ReadOnlyAdmin(admin.ModelAdmin):
    """A journal: looked at, never edited."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    list_display = [
        "feed",
        "started_at",
        "state",
        "read",
        "new",
        "changed",
        "gone",
        "refused",
        "quarantined",
        "seconds",
    ]
    list_filter = ["state", "feed"]
    list_select_related = ["feed"]


@admin.register(RecordIssue)
class RecordIssueAdmin(ReadOnlyAdmin):
    list_display = ["run", "kind", "code", "position", "sku", "text"]
    list_filter = ["kind", "code"]
    search_fields = ["sku", "text"]
    list_select_related = ["run__feed"]
