"""Text out of tokens, one token at a time, without ever cutting a character."""

from __future__ import annotations

from guard.subjects.render import ChatTokenizer

_BROKEN = "\ufffd"


class Detokenizer:
    """Turns a growing row of tokens into text.

    A token's text can depend on the one before it (spaces) and a character can need several tokens (bytes), so a short
    window is decoded with and without the new tokens, and nothing is given out while its end is half a character.
    """

    def __init__(self, tokenizer: ChatTokenizer) -> None:
        """Begin with no token."""
        self._tokenizer = tokenizer
        self._ids: list[int] = []
        self._window = 0
        self._given = 0

    def push(self, token: int) -> str:
        """Take the next token and return the text that it completes; "" inside a character."""
        self._ids.append(token)
        before, after = self._texts()
        if after.endswith(_BROKEN):
            return ""
        if len(after) > len(before):
            # Where nothing came out (a control token), the window stays: text at its beginning would lose its space.
            self._window = self._given
        self._given = len(self._ids)
        return after[len(before) :]

    def flush(self) -> str:
        """Return what is left at the end; a character that never became whole is marked as such."""
        before, after = self._texts()
        self._window = self._given = len(self._ids)
        return after[len(before) :]

    def _texts(self) -> tuple[str, str]:
        before = self._tokenizer.decode(self._ids[self._window : self._given])
        return before, self._tokenizer.decode(self._ids[self._window :])
