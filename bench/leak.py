"""How much of a forbidden text leaves, streamed or not, when a model says it in the middle of an answer?

    python bench/leak.py --out bench/results/leak.json

The upstream's answer is 64 tokens long. At one of them begins an e-mail address, cut into pieces. Counted is the longest
beginning of it that a client was given, and whether it stands anywhere in the bytes that came, an error's text included. The
headline is one cell: two pieces, at token 40; beside it stand random places and cuts, the same for all.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import _proxy_arms as arms
import _proxy_upstream as mock
from _proxy_arms import ARMS, Running
from proxy import SLOW

HEADLINE = (40, 2)
"""Token and pieces of the cell that is shown first."""


def ask(on: Running, question: str, *, stream: bool) -> tuple[int, bytes, bool]:
    """Ask, and return the status, all bytes that came, and whether they ended as HTTP ends."""
    connection = http.client.HTTPConnection("127.0.0.1", on.port, timeout=60)
    body = {"model": "mock", "messages": [{"role": "user", "content": question}], "stream": stream}
    with contextlib.closing(connection):
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"} | on.headers)
        answer = connection.getresponse()
        came = b""
        try:
            while data := answer.read1(65536):
                came += data
        except (http.client.HTTPException, OSError):
            return answer.status, came, False
        return answer.status, came, True


def _objects(came: bytes) -> Iterator[dict[str, Any]]:
    for line in came.decode(errors="replace").splitlines():
        text = line.removeprefix("data:").strip()
        if text.startswith("{"):
            with contextlib.suppress(ValueError):
                yield json.loads(text)


def said(came: bytes) -> tuple[str, str]:
    """Return the text of an answer, streamed or not, and how it says that it ended."""
    text, ended = "", ""
    for value in _objects(came):
        if "error" in value:
            ended = "error"
        for choice in value.get("choices") or ():
            part = choice.get("delta") or choice.get("message") or {}
            text += part.get("content") or ""
            ended = choice.get("finish_reason") or ended
    return text, ended


def leaked(text: str, question: str) -> int:
    """Return how many characters of the forbidden text were given out, from its beginning on."""
    whole = "".join(mock.tokens(question))
    start = whole.index(mock.FORBIDDEN)
    if mock.FORBIDDEN in text:
        return len(mock.FORBIDDEN)
    if not text.startswith(whole[:start]):
        return 0
    rest = text[start:]
    return next((size for size in range(len(mock.FORBIDDEN), 0, -1) if rest.startswith(mock.FORBIDDEN[:size])), 0)


def look(on: Running, at: int, pieces: int, *, stream: bool, slow: bool) -> dict[str, Any]:
    """Try one cell on a server."""
    question = f"leak {at} {pieces}" + (" slow 3" if slow else "")
    status, came, whole = ask(on, question, stream=stream)
    text, ended = said(came)
    whole_text = "".join(mock.tokens(question))
    start = whole_text.index(mock.FORBIDDEN)
    same = next((at for at, pair in enumerate(zip(text, whole_text, strict=False)) if pair[0] != pair[1]), len(text))
    return {
        "leaked_characters": leaked(text, question),
        "echoed": mock.FORBIDDEN.encode() in came,
        "tokens_before": len(text[: min(same, start)].split()),
        "status": status,
        "ended": ended or ("" if whole else "cut off"),
        "done_mark": b"[DONE]" in came,
    }


def places(times: int, seed: int) -> list[tuple[int, int]]:
    """Return random places and numbers of pieces."""
    generator = random.Random(seed)  # noqa: S311
    return [(generator.randrange(1, mock.TOKENS - 7), generator.randrange(1, 7)) for _ in range(times)]


def row(on: Running, cells: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """Try the headline and all cells on a server."""
    found: dict[str, Any] = {}
    for kind, stream, slow in (("whole", False, False), ("stream", True, False), ("stream_slow", True, True)):
        found[kind] = look(on, *HEADLINE, stream=stream, slow=slow)
        # A pause before each token takes a while, so that fewer are tried.
        tried = [look(on, at, pieces, stream=stream, slow=slow) for at, pieces in (cells[: len(cells) // 5] if slow else cells)]
        found[kind + "_random"] = {
            "tried": len(tried),
            "with_a_leak": sum(one["leaked_characters"] > 0 for one in tried),
            "leaked_characters": sum(one["leaked_characters"] for one in tried),
            "echoed": sum(one["echoed"] for one in tried),
            "withheld_or_refused": sum(one["leaked_characters"] < len(mock.FORBIDDEN) for one in tried),
        }
    return found


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arms", default=",".join(arm.name for arm in ARMS if arm.guards), help="names, with commas")
    parser.add_argument("--times", type=int, default=200, help="random places; a fourth on servers that are known to be slow")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tree", action="store_true", help="our own code from the working tree, not as installed")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    chosen, cells = [arm for arm in ARMS if arm.name in asked.arms.split(",")], places(asked.times, asked.seed)
    found: dict[str, Any] = {}
    with arms.upstream() as direct:
        for arm in chosen:
            try:
                with arms.running(arm, direct.port, arms.ROOT if asked.tree else None) as on:
                    found[arm.name] = row(on, cells[: len(cells) // 4] if arm.name.startswith(SLOW) else cells)
            except SystemExit as failed:
                found[arm.name] = {"did_not_run": str(failed)[-600:]}
            print(arm.name, json.dumps(found[arm.name]), flush=True)
    result = {
        "forbidden_characters": len(mock.FORBIDDEN),
        "headline": HEADLINE,
        "seed": asked.seed,
        "versions": arms.versions({arm.home for arm in chosen}),
        "arms": found,
    }
    asked.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
