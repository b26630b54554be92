"""Oscar's checkout begins at our basket."""

from __future__ import annotations

from django.views.generic import RedirectView


class IndexView(RedirectView):
    pattern_name = "storefront:basket"
