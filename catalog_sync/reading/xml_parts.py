"""An XML record as plain Python: a few hundred look-ups per record in lxml's own tree cost six times the parsing.

Elements are those of the standard library's parser, whose tags and texts are plain attributes. Children are sorted by
name once; those of which but the text is asked for are never wrapped.
"""

from collections.abc import Mapping
from html import escape
from typing import Optional
from xml.etree.ElementTree import Element

DEEPEST_MARKUP = 50  # elements inside one another in a text; deeper ones keep their words alone


class Part:
    """An element by its local name, renamed where a table says so; its namespace is dropped, as senders get it wrong.

    `find`, `findall` and `findtext` take child names or paths of them ("Sender/SenderName"), as those of ElementTree.
    """

    __slots__ = ("_names", "_parts", "children", "element", "text")

    def __init__(self, element: Element, names: Mapping[str, str]) -> None:
        self.element = element
        self.text = element.text
        self._names = names
        self._parts: dict[str, list[Part]] = {}
        children: dict[str, list[Element]] = {}
        for child in element:
            tag = child.tag
            if tag in names:
                tag = names[tag]
            elif tag[0] == "{":
                tag = tag[tag.index("}") + 1 :]
                tag = names.get(tag, tag)
            if tag in children:
                children[tag].append(child)
            else:
                children[tag] = [child]
        self.children = children  # elements by name, in their order

    def __len__(self) -> int:
        return len(self.element)

    def __bool__(self) -> bool:
        return True

    def find(self, path: str) -> Optional["Part"]:
        found = self._parts.get(path)
        if found is None:
            if path not in self.children and "/" not in path:
                return None
            found = self.findall(path)
        return found[0] if found else None

    def findall(self, path: str) -> list["Part"]:
        found = self._parts.get(path)
        if found is not None:
            return found
        elements = self.children.get(path)
        if elements is not None:
            names = self._names
            found = self._parts[path] = [Part(element, names) for element in elements]
            return found
        if "/" in path:
            first, rest = path.split("/", 1)
            return [deeper for part in self.findall(first) for deeper in part.findall(rest)]
        return []

    def findtext(self, path: str) -> str | None:
        elements = self.children.get(path)
        if elements is not None:
            return elements[0].text or ""
        if "/" in path:
            found = self.findall(path)
            return found[0].text or "" if found else None
        return None

    def all_text(self) -> str:
        """All text inside, markup dropped."""
        element = self.element
        return "".join(element.itertext()).strip() if len(element) else (element.text or "").strip()

    def markup(self) -> str:
        """What is inside as HTML: texts, and elements by their local names with their attributes."""
        return escape_text(self.element.text) + "".join(_markup(child, 1) for child in self.element)


def text(part: Part, path: str) -> str:
    """The text of the first child at a path, stripped; empty where there is none."""
    elements = part.children.get(path)
    if elements is not None:
        found = elements[0].text
        return found.strip() if found else ""
    return (part.findtext(path) or "").strip() if "/" in path else ""


def escape_text(text: str | None) -> str:
    return escape(text, quote=False) if text else ""


def _markup(element: Element, depth: int) -> str:
    name = element.tag.rsplit("}", 1)[-1]
    attributes = "".join(f' {key.rsplit("}", 1)[-1]}="{escape(value)}"' for key, value in element.items())
    if depth >= DEEPEST_MARKUP:
        inner = escape_text("".join(element.itertext()))
    else:
        inner = escape_text(element.text) + "".join(_markup(child, depth + 1) for child in element)
    whole = f"<{name}{attributes}>{inner}</{name}>" if inner else f"<{name}{attributes}/>"
    return whole + escape_text(element.tail)
