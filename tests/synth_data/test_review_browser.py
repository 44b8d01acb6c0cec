"""The page of a label review in a real browser: answered by keyboard, saved, collected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from synth_data import blind, review
from synth_data.blind import Item
from synth_data.review import Reviewer
from tests.synth_data.chromium import Tab, tab, wait
from tests.synth_data.corpus import corpus

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Open:
    """A page that is open, and what it was made from."""

    items: tuple[Item, ...]
    tab: Tab
    page: Path
    saved: Path


@pytest.fixture
def opened(tmp_path: Path, program: Callable[[str], Path]) -> Iterator[Open]:
    """A page of six items in a browser."""
    items = blind.sample(corpus(families=3, draws=2), per_stratum=2)
    page = tmp_path / "sheet.html"
    page.write_bytes(blind.page(items))
    with tab(program("browser"), tmp_path / "profile") as shown:
        shown.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
        shown.open(page)
        yield Open(items, shown, page, tmp_path / "answers.csv")


def _where(shown: Tab) -> str:
    return str(shown.value("document.getElementById('where').textContent"))


def test_answers_by_keyboard_come_back_as_a_result(opened: Open) -> None:
    """Each text is answered by one key, a wrong one is changed, and the saved sheet is collected without a hitch."""
    shown = opened.tab
    for item in opened.items:
        assert shown.value("document.getElementById('question').textContent") == item.question
        assert item.turns[0][1] in shown.value("document.getElementById('conversation').textContent")
        shown.key("y" if item.label else "n")
    assert _where(shown) == "Text 6 of 6, 6 answered"
    assert shown.value("!document.getElementById('done').hidden")
    shown.key("ArrowLeft")
    shown.key("u")
    shown.value("document.getElementById('comment').focus()")
    for key in 'a "y", so':
        shown.key(key)
    shown.value("document.getElementById('save').click()")
    wait(lambda: opened.saved.exists() and opened.saved.stat().st_size)
    done = review.collect(opened.items, opened.saved.read_bytes(), reviewer="AB", kind=Reviewer.OTHER)
    assert [one.agrees for one in done.judged] == [True] * 4 + [False, True]
    assert done.judged[4].answer is review.Answer.UNSURE
    assert done.judged[5].comment == 'a "y", so'


def test_answers_outlive_the_page_and_stay_with_their_sample(opened: Open) -> None:
    """Opened again, the page goes on where it was left."""
    opened.tab.key("n")
    opened.tab.key("y")
    opened.tab.open(opened.page)
    assert _where(opened.tab) == "Text 3 of 6, 2 answered"


def test_the_page_fits_a_phone_in_either_light(opened: Open, tmp_path: Path) -> None:
    """Nothing sticks out to the side, and dark is dark."""
    for width, dark in ((390, False), (390, True), (1200, True)):
        opened.tab.picture(tmp_path / f"{width}-{dark}.png", width, 844, dark=dark)
        assert opened.tab.value("document.documentElement.scrollWidth") <= width
        colour = str(opened.tab.value("getComputedStyle(document.body).backgroundColor"))
        assert (sum(map(int, colour.removeprefix("rgb(").rstrip(")").split(","))) < 384) is dark
