"""The elements of an ONIX message of ours, as they are filled."""

from __future__ import annotations

from lxml import etree

from catalog_sync.reading.xml_records import without_controls

NAMESPACE = "http://ns.editeur.org/onix/3.0/reference"


class Element:
    """An element being filled. `add(name, text)` adds a child with a text, or nothing where it is empty; `child(name)`
    one to be filled, `filled(name, …)` one with these."""

    __slots__ = ("element",)

    def __init__(self, element: etree.Element) -> None:
        self.element = element

    def add(self, name: str, text: object, **attributes: str) -> None:
        words = without_controls(str(text))
        if words:
            etree.SubElement(self.element, f"{{{NAMESPACE}}}{name}", attributes).text = words

    def child(self, name: str) -> Element:
        return Element(etree.SubElement(self.element, f"{{{NAMESPACE}}}{name}"))

    def filled(self, name: str, **texts: object) -> None:
        child = self.child(name)
        for inner, text in texts.items():
            child.add(inner, text)

    def flag(self, name: str) -> None:
        etree.SubElement(self.element, f"{{{NAMESPACE}}}{name}")


def new(name: str) -> Element:
    return Element(etree.Element(f"{{{NAMESPACE}}}{name}", nsmap={None: NAMESPACE}))
