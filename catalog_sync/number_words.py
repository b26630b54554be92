"""What is wrong with the numbers that shops give their articles, by which these are ordered."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

NUMBER_REASONS: dict[str, str] = {
    "sku_missing": _("No article number and no valid ISBN or EAN. Give every article one of them."),
    "sku_twice": _("The article is listed %(times)s times. The last line was used."),
    "sku_with_slash": _(
        "Your system cannot be asked for the article %(sku)s (“%(title)s”), because of the slash in its number: no "
        "order of it could be entered, so that it is not sold. Give it a number without one there."
    ),
    "sku_with_sign": _(
        "Your system cannot be asked for the article %(sku)s (“%(title)s”), because of a comma or another sign in its "
        "number that means something else there: no order of it could be entered, so that it is not sold. Give it a "
        "number without one there."
    ),
    "sku_shared": _(
        "Several articles have the number %(sku)s in your system; “%(title)s” is one of them. None of them is sold: an "
        "order could not say which is meant. Give each a number of its own there."
    ),
}
