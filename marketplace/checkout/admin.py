from django.contrib import admin

from marketplace.checkout import tax
from marketplace.checkout.models import TaxRate


@admin.register(TaxRate)
class TaxRateAdmin(admin.ModelAdmin):
    list_display = ["place", "category", "code", "rate_milli", "since", "until", "source"]
    list_filter = ["place", "category"]

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        tax.forget()
