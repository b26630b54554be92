"""What the search knows about one title."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleDocument:
    """One title over all shops. Quantities and single shops' prices stay in SQL."""

    product_id: int
    title: str
    gtin: int | None = None
    subtitle: str = ""
    contributors: tuple[str, ...] = ()
    """Names as they are shown, ``Albert Camus`` or ``Camus, Albert``."""
    series: str = ""
    series_number: str = ""
    publisher: str = ""
    subjects: tuple[str, ...] = ()
    """Codes along the path, the root first: ``("F", "FB")``. A title is counted and found under each."""
    subject_labels: str = ""
    """The names of the subjects in every language, searchable."""
    description: str = ""
    """Plain text; searchable with little weight, not kept."""
    language: str = ""
    form: str = ""
    audience: str = ""
    picked: bool = False
    """Whether someone of a shop stands for it."""
    conditions: tuple[str, ...] = ()
    """Conditions in which some shop offers it."""
    shops_in_stock: tuple[int, ...] = ()
    shops_on_shelf: tuple[int, ...] = ()
    """Of those that have it, where it can be collected: a download lies on no shelf."""
    shops_orderable: tuple[int, ...] = ()
    """Shops that have none but can order it."""
    price_new_minor: int | None = None
    """The cheapest new copy, in minor units of the network's currency."""
    price_used_minor: int | None = None
    publication_ordinal: int | None = None
    """Date of publication as the number ``yyyymmdd``."""
    popularity: int = 0
    """Any count that is larger for what more readers want; not negative."""
    added_ordinal: int | None = None
    """Day on which the title came into the catalogue, ``yyyymmdd``."""
