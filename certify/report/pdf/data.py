"""Turn the tree of a page into plain data for the typesetter: text stays data, so nothing in it can ever be a command."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Any

from certify.report.pdf.columns import LONGEST_WORD, shares
from certify.report.pdf.letters import visible
from certify.report.pdf.tree import Element
from certify.report.pdf.typesetter import FONTS

_PIECE, _SHORTEST = 12, 3
_SEPARATORS = "/_:@.-"
_LONG = re.compile(rf"\S{{{LONGEST_WORD + 1},}}")
_TITLE = re.compile(r"<(title|desc)\b[^>]*>(.*?)</\1>", re.DOTALL)
_FACE = re.compile(r"""font-family=(['"]).*?\1""")
_HALO = re.compile(r"""\sstroke=(['"])[^'"]*\1 stroke-width=(['"])[^'"]*\2 paint-order=(['"])stroke\3""")
_COLOUR = "currentColor"


def of_element(element: Element, tone: str, colours: dict[str, str], *, dense: bool = False) -> dict[str, Any]:
    """Return an element and all below it as data; `tone` is the status colour that it stands in."""
    tone = next((name[3:] for name in element.classes if name.startswith("is-")), tone)
    dense = dense or "dense" in element.classes
    made: dict[str, Any] = {"tag": element.tag, "classes": element.classes}
    if element.tag == "svg":
        return made | _figure(element, colours[tone if tone else "open"])
    given = element.attributes
    made |= {name: given[name] for name in ("id", "scope") if given.get(name)}
    made |= {name: int(given[name]) for name in ("colspan", "rowspan") if given.get(name, "").isdigit()}
    if given.get("href", "").startswith("#"):
        made["to"] = given["href"][1:]
    if tone:
        made["tone"] = tone
    if element.tag == "table":
        made["shares"] = shares(element, dense=dense)
        made["dense"] = dense
    if element.tag == "pre":
        return made | {"text": visible(element.text())}
    children: list[Any] = []
    made["children"] = children
    for child in element.children:
        if isinstance(child, str):
            children += _pieces(visible(child))
            continue
        one = of_element(child, tone, colours, dense=dense)
        if children and (child.tag == "small" or (child.tag == "span" and {"sub", "small"} & set(child.classes))):
            one["below"] = True
        children.append(one)
    return made


def _pieces(text: str) -> list[Any]:
    """Split text so that its long words can be broken; nothing is put between the pieces, so copying gives the word."""
    made: list[Any] = []
    end = 0
    for found in _LONG.finditer(text):
        made += [text[end : found.start()], {"tag": "long", "classes": [], "pieces": _cut(found[0])}]
        end = found.end()
    return [part for part in (*made, text[end:]) if part]


def _cut(word: str) -> list[str]:
    """Cut a long word after its own separators, and elsewhere where it has none for long."""
    pieces = [""]
    for letter in word:
        last = pieces[-1]
        separated = len(last) >= _SHORTEST and last[-1] in _SEPARATORS
        if (separated or len(last) >= _PIECE) and letter not in _SEPARATORS and not unicodedata.combining(letter):
            pieces.append("")
        pieces[-1] += letter
    return pieces


def _figure(element: Element, colour: str) -> dict[str, Any]:
    """Return a figure: its SVG with one face and one colour, and what it shows in words; without words it is decoration."""
    source = element.attributes["source"]
    words = [visible(" ".join(html.unescape(text).split())) for _, text in _TITLE.findall(source)]
    if "xmlns" not in element.attributes:
        source = source.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    # The typesetter draws the halo of a letter over the letter before it.
    source = _HALO.sub("", _FACE.sub(f'font-family="{FONTS[0]}"', source)).replace(_COLOUR, colour)
    box = element.attributes.get("viewbox", "0 0 24 24").split()
    return {"svg": visible(source), "alt": ". ".join(words), "width": float(box[2])}
