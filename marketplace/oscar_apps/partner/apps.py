from oscar.apps.partner.apps import PartnerConfig as OscarPartnerConfig


class PartnerConfig(OscarPartnerConfig):
    """Oscar's `partner` with our classes; the label and the migrations stay Oscar's."""

    name = "marketplace.oscar_apps.partner"
