"""A page is read as a browser shows it: the text that a reader sees, and nothing else."""

from __future__ import annotations

import pytest

from certify.report.pdf.columns import grid, shares
from certify.report.pdf.tree import Element, read
from guard.errors import InputError

HEAD = (
    '<html lang="en"><head><title> A &amp; B </title><style>@page { @top-left { content: "left"; } '
    '@top-right { content: "right"; } @bottom-left { content: "scope"; } }</style></head><body>'
)


def body(text: str) -> Element:
    """Read the body of a page."""
    (html,) = read(f"{HEAD}{text}</body></html>").body.children
    assert isinstance(html, Element)
    (found,) = html.children
    assert isinstance(found, Element)
    return found


def table(text: str) -> Element:
    """Read a table."""
    return next(one for one in body(f"<table>{text}</table>").walk() if one.tag == "table")


def test_title_language_and_running_words_are_the_page_s_own() -> None:
    """They come from the head, with character references resolved."""
    page = read(f"{HEAD}</body></html>")
    assert (page.title, page.lang) == ("A & B", "en")
    assert page.running == {"top-left": "left", "top-right": "right", "bottom-left": "scope"}


def test_white_space_collapses_as_in_a_browser() -> None:
    """Runs become one space, none stands at the ends of a block or beside a line break; a fixed space stays."""
    one, two = body("<p>\n  a <b> b</b>\n c<br> d\u00a0e  </p>\n <p> <i>f</i> </p>").children
    assert isinstance(one, Element) and one.text() == "a b cd\u00a0e"
    assert isinstance(two, Element) and two.children == (Element("i", {}, ("f",)),)


def test_what_a_reader_does_not_see_is_left_out() -> None:
    """Scripts and styles hold no text; preformatted text keeps its lines."""
    found = body('<script type="application/json">{"a": 1}</script><pre>a\n  b</pre><style>p {}</style>')
    assert found.text() == "a\n  b"


def test_a_figure_keeps_its_source() -> None:
    """Letter for letter, with its own title, and no text of it enters the page's."""
    source = '<svg class="figure" viewBox="0 0 9 9"><title>T</title><path d="M0 0"/><text x="1">&lt;1</text></svg>'
    found = body(f"<p>a{source}b</p>")
    (figure,) = [one for one in found.walk() if one.tag == "svg"]
    assert figure.attributes["source"] == source
    assert found.text() == "ab" and read(f"{HEAD}{source}</body></html>").title == "A & B"


@pytest.mark.parametrize("wrong", ["<p>a</b></p>", "<p>a", "</p>"])
def test_a_page_that_is_not_closed_in_order_is_refused(wrong: str) -> None:
    """In one line, because half a report would be worse than none."""
    with pytest.raises(InputError, match="can't be read"):
        read(f"{HEAD}{wrong}</body></html>")


@pytest.mark.parametrize("lacking", ["<title> A &amp; B </title>", ' lang="en"', '@bottom-left { content: "scope"; }'])
def test_a_page_without_title_language_or_scope_is_refused(lacking: str) -> None:
    """A PDF must have the first two, and a scope on each page."""
    with pytest.raises(InputError, match="no title, no language or no running text"):
        read(f"{HEAD}</body></html>".replace(lacking, ""))


def test_cells_stand_where_spans_leave_room() -> None:
    """A cell that reaches down pushes the one below it aside."""
    rows = grid(table('<tr><th rowspan="2">a</th><th colspan="2">b</th></tr><tr><td>c</td><td>d</td></tr>'))
    assert [[(cell.column, cell.span, cell.element.text()) for cell in row] for row in rows] == [
        [(0, 1, "a"), (1, 2, "b")],
        [(1, 1, "c"), (2, 1, "d")],
    ]


def test_a_column_is_as_wide_as_what_stands_in_it() -> None:
    """More text gives a wider column, and numbers that may not be broken keep all their room."""
    few, many, number = shares(table(f'<tr><td>a</td><td>{"word " * 60}</td><td class="n">{"9" * 40}</td></tr>'), dense=False)
    assert number >= 40 and few < 12 and many > 40


def test_a_table_with_too_much_in_it_still_gets_widths() -> None:
    """Even where nothing can be broken, every column has a share."""
    row = "".join(f'<td class="n">{"9" * 40}</td>' for _ in range(6))
    assert shares(table(f"<tr>{row}</tr>"), dense=True) == [41.8] * 6


def test_phrases_give_way_where_room_is_short() -> None:
    """A cell that would rather stay on one line does so while there is room for all; numbers never give way."""
    phrase, number = f'<td class="nb">{"in " * 9}</td>', '<td class="n">99,999 of 99,999</td>'
    roomy = shares(table(f"<tr>{phrase}{number}<td>word</td></tr>"), dense=False)
    tight = shares(table(f"<tr>{phrase * 5}{number}<td>{'word ' * 30}</td></tr>"), dense=False)
    assert roomy[0] > 27 > tight[0] and min(roomy[1], tight[5]) > 16
    assert tight[6] > 30
