"""Pages in groups, for those who work with many: one row of groups, one of the pages of the group where one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.functional import Promise


@dataclass(frozen=True)
class Page:
    """`also`: names of addresses that are reached from it and say the same place. `argument`: of its address."""

    name: str
    label: str | Promise
    also: tuple[str, ...] = ()
    argument: str = ""
    url: str = ""
    is_here: bool = False


@dataclass(frozen=True)
class Group:
    label: str | Promise
    pages: Sequence[Page]

    @property
    def is_here(self) -> bool:
        return any(page.is_here for page in self.pages)


def shown(
    groups: Sequence[Group], *, namespace: str, here: str, argument: str = "", before: Sequence[str] = ()
) -> list[Group]:
    """The groups with the addresses of their pages, and the page marked where one is: the address named `here`, of this
    `argument`. `before`: arguments that every address of the namespace begins with."""
    arguments = {page.argument for group in groups for page in group.pages if page.name == here and page.argument}
    argument = argument if argument in arguments else ""

    def one(page: Page) -> Page:
        is_it = page.argument == argument and (page.name == here or (here in page.also and not argument))
        own = [page.argument] if page.argument else []
        return replace(page, is_here=is_it, url=reverse(f"{namespace}:{page.name}", args=[*before, *own]))

    return [replace(group, pages=[one(page) for page in group.pages]) for group in groups]
