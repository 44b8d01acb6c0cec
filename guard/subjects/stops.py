"""Texts that end an answer, and are no part of it."""

from __future__ import annotations


class StopText:
    """Holds back text that may be the beginning of a stop text."""

    def __init__(self, stops: tuple[str, ...]) -> None:
        """Watch for `stops`; empty ones are ignored."""
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.stopped = False
        """Whether a stop text has come; nothing after it is given out."""

    def push(self, text: str) -> str:
        """Take more text and return what is certainly not part of a stop text."""
        if self.stopped:
            return ""
        self._held += text
        found = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if found:
            self.stopped = True
            given, self._held = self._held[: min(found)], ""
            return given
        keep = max((_overlap(self._held, stop) for stop in self._stops), default=0)
        given, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return given

    def flush(self) -> str:
        """Return what was held back: the answer ended before it became a stop text."""
        given, self._held = ("" if self.stopped else self._held), ""
        return given


def _overlap(text: str, stop: str) -> int:
    """Return how many characters at the end of `text` begin `stop`."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0)
