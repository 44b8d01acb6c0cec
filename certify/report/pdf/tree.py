"""Read a rendered report into a small tree: the page is the one source, and the PDF says what it says.

Comes in: the HTML that `certify.report.render` made. Goes out: `Page`, with every text that a reader of the page sees, white
space collapsed as a browser does it, and each figure as SVG text. Knows nothing of Typst.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from guard.errors import InputError

_VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "col", "wbr", "source"})
_UNSEEN = frozenset({"head", "script", "style", "template"})
_INLINE = frozenset({"a", "abbr", "b", "code", "em", "i", "q", "small", "span", "strong", "sub", "sup", "svg", "time", "wbr"})
_SPACE = re.compile(r"[ \t\r\n\f]+")
_RUNNING = re.compile(r'@(top-left|top-right|bottom-left)\s*\{\s*content:\s*"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Element:
    """One element of the page that a reader sees."""

    tag: str
    """Its name."""
    attributes: dict[str, str]
    """As written; of a figure, `source` is its SVG text."""
    children: tuple[Element | str, ...]
    """Elements and text, in order."""

    @property
    def classes(self) -> list[str]:
        """Names of its classes."""
        return self.attributes.get("class", "").split()

    def walk(self) -> Iterator[Element]:
        """Yield the element and all below it, in the order of the page."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def text(self) -> str:
        """Return all text in it."""
        return "".join(child if isinstance(child, str) else child.text() for child in self.children)


@dataclass(frozen=True, slots=True)
class Page:
    """A report as a tree."""

    title: str
    """Of the document."""
    lang: str
    """Its language."""
    running: dict[str, str]
    """What the print style puts on each page, by place: `top-left`, `top-right`, `bottom-left`."""
    body: Element
    """Everything that a reader sees."""


@dataclass(slots=True)
class _Mark:
    """A start tag, an end tag, text, or a figure."""

    kind: str
    value: str
    attributes: dict[str, str] = field(default_factory=dict)


def read(page: str) -> Page:
    """Read a rendered report.

    Raises:
        InputError: It has no title, language or running text in its print style, or its elements are not closed in order.
    """
    reader = _Reader(page)
    reader.feed(page)
    reader.close()
    running = dict(_RUNNING.findall(reader.style))
    if not reader.title.strip() or not reader.lang or len(running) < 3:
        raise InputError("the report has no title, no language or no running text, so no PDF can be made of it")
    return Page(reader.title.strip(), reader.lang, running, _build(_collapsed(reader.marks)))


class _Reader(HTMLParser):
    """Splits a page into marks."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.marks: list[_Mark] = []
        self.title = self.style = self.lang = ""
        self._inside: list[str] = []
        self._figure: tuple[int, dict[str, str]] | None = None
        self._starts = [0]
        for line in page.split("\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._page = page

    def _place(self) -> int:
        line, column = self.getpos()
        return self._starts[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.lang = given.get("lang", "")
        if tag not in _VOID:
            self._inside.append(tag)
        if self._figure is None and not self._hidden():
            if tag == "svg":
                self._figure = self._place(), given
            else:
                self.marks.append(_Mark("void" if tag in _VOID else "start", tag, given))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element that closes itself; inside a figure it is part of the figure's text."""
        if tag in _VOID:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Close an element; at the end of a figure its whole text is known."""
        if tag in _VOID:
            return
        if not self._inside or self._inside.pop() != tag:
            raise InputError(f"the report can't be read: </{tag}> closes nothing", "mend its template")
        if self._hidden() or tag in _UNSEEN:
            return
        if self._figure is None:
            self.marks.append(_Mark("end", tag))
        elif tag == "svg" and "svg" not in self._inside:
            start, given = self._figure
            source = self._page[start : self._place()] + "</svg>"
            self.marks.append(_Mark("figure", source, given))
            self._figure = None

    def handle_data(self, data: str) -> None:
        """Keep text that a reader sees."""
        innermost = self._inside[-1] if self._inside else ""
        if innermost == "style":
            self.style += data
        elif innermost == "title" and self._figure is None:
            self.title += data
        elif self._figure is None and not self._hidden():
            kept = data if "pre" in self._inside else _SPACE.sub(" ", data)
            self.marks.append(_Mark("raw" if "pre" in self._inside else "text", kept))

    def _hidden(self) -> bool:
        return any(tag in _UNSEEN for tag in self._inside)


def _collapsed(marks: list[_Mark]) -> list[_Mark]:
    """Drop white space at both ends of every block, and beside other white space."""
    for ordered, strip in ((marks, str.lstrip), (marks[::-1], str.rstrip)):
        bare = True
        for mark in ordered:
            if mark.kind == "text":
                if bare:
                    mark.value = strip(mark.value, " ")
                if mark.value:
                    bare = mark.value[0 if ordered is not marks else -1] == " "
            elif mark.kind in {"raw", "figure"}:
                bare = False
            elif mark.value not in _INLINE:
                bare = True
    return [mark for mark in marks if mark.value]


def _build(marks: list[_Mark]) -> Element:
    open_: list[tuple[str, dict[str, str], list[Element | str]]] = [("", {}, [])]
    for mark in marks:
        inside = open_[-1][2]
        if mark.kind in {"text", "raw"}:
            inside.append(mark.value)
        elif mark.kind == "figure":
            inside.append(Element("svg", mark.attributes | {"source": mark.value}, ()))
        elif mark.kind == "void":
            inside.append(Element(mark.value, mark.attributes, ()))
        elif mark.kind == "start":
            open_.append((mark.value, mark.attributes, []))
        else:
            tag, given, children = open_.pop()
            open_[-1][2].append(Element(tag, given, tuple(children)))
    if len(open_) != 1:
        raise InputError(f"the report can't be read: <{open_[-1][0]}> is never closed", "mend its template")
    return Element("body", {}, tuple(open_[0][2]))
