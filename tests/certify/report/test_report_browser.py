"""The report in a real browser, and on paper."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from certify.report import tongue
from certify.report.render import html

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip


def _run(program: Path, tmp_path: Path, *arguments: str) -> str:
    command = [str(program), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-1000:]
    return done.stdout


@pytest.fixture
def page(tmp_path: Path, report_of: Callable[..., Any]) -> Path:
    """A report on disk."""
    path = tmp_path / "report.html"
    path.write_bytes(html(report_of()))
    return path


@pytest.mark.browser
def test_browser_shows_the_verdict_and_asks_the_network_for_nothing(
    page: Path, tmp_path: Path, program: Callable[[str], Path]
) -> None:
    """With every host unreachable the page is whole: its text is there and no request was made."""
    log = tmp_path / "net.json"
    closed = ("--host-resolver-rules=MAP * ~NOTFOUND", f"--log-net-log={log}")
    shown = _run(program("browser"), tmp_path, *closed, "--dump-dom", page.as_uri())
    assert "What this is not" in shown
    assert re.search(r"PASS|NOT SHOWN|FAIL", shown)
    asked = set(re.findall(r'"url":"(https?://[^"]+)"', log.read_text(errors="replace")))
    # The browser itself asks its maker for the time; what else is asked, the page asked for.
    assert not {url for url in asked if not re.match(r"https?://[a-z0-9.-]+\.google(apis)?\.com/", url)}


@pytest.mark.browser
@pytest.mark.poppler
def test_paper_shows_the_verdict_on_the_first_page_and_no_page_is_empty(
    page: Path, tmp_path: Path, program: Callable[[str], Path]
) -> None:
    """Printed on A4, page one holds the verdict, and each page carries text."""
    pdf = tmp_path / "report.pdf"
    _run(program("browser"), tmp_path, f"--print-to-pdf={pdf}", "--no-pdf-header-footer", page.as_uri())
    tool = program("poppler").with_name("pdftotext")
    text = subprocess.run([str(tool), "-layout", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    pages = text.split("\f")[:-1]
    assert len(pages) >= 4
    assert re.search(r"PASS|NOT SHOWN|FAIL", pages[0])
    assert "not CE marking" in pages[0]
    assert all(len(each.split()) > 5 for each in pages)


@pytest.mark.browser
def test_no_page_is_wider_than_its_window(
    report_of: Callable[..., Any], full: Any, tmp_path: Path, program: Callable[[str], Path]
) -> None:
    """On a phone and on a desk, in both languages, the page itself never scrolls sideways; wide tables do so inside."""
    for each in tongue.every():
        (tmp_path / each.file).write_bytes(html(report_of(full, tongue=each)))
    frames = [(each.file, width) for each in tongue.every() for width in (360, 1280)]
    inside = "".join(f"<iframe src='{name}' style='width:{width}px;height:900px;border:0'></iframe>" for name, width in frames)
    measured = (
        "<script>onload = () => document.body.append([...document.querySelectorAll('iframe')].map(one => "
        "'w' + one.contentDocument.documentElement.scrollWidth).join(' '))</script>"
    )
    (tmp_path / "frames.html").write_text(f"<!doctype html><body>{inside}{measured}", encoding="utf-8")
    arguments = ("--allow-file-access-from-files", "--dump-dom", (tmp_path / "frames.html").as_uri())
    shown = _run(program("browser"), tmp_path, *arguments)
    assert [int(width) for width in re.findall(r"\bw(\d+)", shown)] == [width for _, width in frames]
