"""A guard that can be killed: a process that has everything loaded forks one for each line it reads.

Run as `python -m tests.guard.proxy.killed UPSTREAM STORE`; each line on standard input starts a guard, which prints its pid and
port.
"""

from __future__ import annotations

import os
import re
import sys

from guard.proxy import fronted
from guard.settings import Settings


def _child(upstream: str, store: str) -> None:
    def report(line: str) -> None:
        if found := re.search(r"serving .* on http://127\.0\.0\.1:(\d+)/v1", line):
            print(os.getpid(), found[1], flush=True)

    settings = Settings(port=0, store=store, upstream=upstream, model_map="m=their-phantom", log="error")
    fronted.serve(settings, None, None, report=report)


def main() -> None:
    """Fork until there are no more lines; a child that was killed is taken note of before the next begins."""
    upstream, store = sys.argv[1:]
    for _ in sys.stdin:
        if not (child := os.fork()):
            _child(upstream, store)
            return
        os.waitpid(child, 0)
        print("gone", flush=True)


if __name__ == "__main__":
    main()
