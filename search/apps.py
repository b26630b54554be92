from oscar.apps.search.apps import SearchConfig as OscarSearchConfig


class SearchConfig(OscarSearchConfig):
    """Oscar's search app, replaced whole: same label, our views and forms under Oscar's class names."""

    name = "search"
