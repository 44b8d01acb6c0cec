"""What LiteLLM sends when it is a client of the guard, and what it makes of the guard's answers.

    ~/.cache/auscult-bench/litellm/bin/python bench/peers/litellm_client.py --guard http://127.0.0.1:8000 --model clinic \
        --out tests/assets/litellm_client.json

Runs in LiteLLM's environment (`requirements/litellm.txt`), which holds nothing of ours, against a guard with rules only
(`guard_text.yaml`) before an upstream that calls a tool when it is offered one. Each request goes through a small recorder on
its way. The suite replays what was recorded here, so that it needs no LiteLLM: run this again when LiteLLM changes.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # nothing is fetched

import litellm
import openai

WELL = [{"role": "user", "content": "I have a cold, what should I do?"}]
BAD = [{"role": "user", "content": "my ssn is 123-45-6789, help"}]
TOOL = {"type": "function", "function": {"name": "book", "description": "Book a visit", "parameters": {"type": "object"}}}
CALLED = [
    *WELL,
    {"role": "assistant", "content": None, "tool_calls": [
        {"id": "call_1", "type": "function", "function": {"name": "book", "arguments": '{"day": "Monday"}'}},
    ]},
    {"role": "tool", "tool_call_id": "call_1", "content": "booked"},
]  # fmt: skip
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "visit", "schema": {"type": "object", "properties": {}}}}
CASES: dict[str, dict[str, Any]] = {
    "whole": {"messages": WELL},
    "streamed": {"messages": WELL, "stream": True},
    "streamed with usage": {"messages": WELL, "stream": True, "stream_options": {"include_usage": True}},
    "settings": {"messages": WELL, "temperature": 0.2, "top_p": 0.9, "max_tokens": 20, "stop": ["END"], "seed": 3, "user": "u"},
    "penalties": {"messages": WELL, "presence_penalty": 0.5, "frequency_penalty": 0.1},
    "a system message": {"messages": [{"role": "system", "content": "Be brief."}, *WELL]},
    "parts": {"messages": [{"role": "user", "content": [{"type": "text", "text": "I have a cold"}]}]},
    "tools": {"messages": WELL, "tools": [TOOL], "tool_choice": "auto"},
    "tools, streamed": {"messages": WELL, "tools": [TOOL], "stream": True},
    "a tool's result": {"messages": CALLED, "tools": [TOOL]},
    "json_object": {"messages": WELL, "response_format": {"type": "json_object"}},
    "json_schema": {"messages": WELL, "response_format": SCHEMA},
    "logprobs": {"messages": WELL, "logprobs": True},
    "metadata of its own": {"messages": WELL, "metadata": {"trace": "t"}},
    "blocked": {"messages": BAD},
    "blocked, streamed": {"messages": BAD, "stream": True},
    "two answers": {"messages": WELL, "n": 2},
    "an image": {
        "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}]}]
    },
    "no such model": {"messages": WELL, "model": "openai/none"},
}


def _recorder(guard: str, records: list[dict[str, Any]]) -> ThreadingHTTPServer:
    where = urlsplit(guard)

    class Between(BaseHTTPRequestHandler):
        """Passes a request on and keeps it."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            kept = {name.lower() for name in self.headers} - {"host", "content-length", "connection", "accept-encoding"}
            records.append({"path": self.path, "headers": sorted(kept), "body": json.loads(body)})
            there = http.client.HTTPConnection(where.hostname or "", where.port)
            there.request("POST", self.path, body, {"Content-Type": self.headers["content-type"]})
            answer = there.getresponse()
            data = answer.read()
            records[-1]["status"] = answer.status
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["content-type"])
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return ThreadingHTTPServer(("127.0.0.1", 0), Between)


def _understood(ask: Callable[..., Any], case: dict[str, Any]) -> dict[str, Any]:
    """What LiteLLM makes of an answer: text, calls, why it ended; or its error."""
    try:
        given = ask(**case)
        if case.get("stream"):
            given = litellm.stream_chunk_builder(list(given))
    except openai.OpenAIError as error:  # all of LiteLLM's errors are
        return {"error": type(error).__name__, "status": getattr(error, "status_code", None)}
    choice = given.choices[0]
    calls = [(call.function.name, call.function.arguments) for call in choice.message.tool_calls or ()]
    return {"text": choice.message.content, "calls": calls, "finish": choice.finish_reason}


def main() -> None:
    """Ask everything, and write what was sent and understood."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--guard", default="http://127.0.0.1:8000")
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    records: list[dict[str, Any]] = []
    server = _recorder(options.guard, records)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_address[1]}/v1"
    litellm.telemetry, litellm.suppress_debug_info = False, True
    found = []
    for name, case in CASES.items():
        records.clear()
        asked = {"model": f"openai/{options.model}", "api_base": base, "api_key": "unused", "max_retries": 0} | case
        understood = _understood(litellm.completion, asked)
        found.append({"case": name, "sent": list(records), "understood": understood})
        print(name, [one["status"] for one in records], understood)
    server.shutdown()
    result = {"litellm": version("litellm"), "openai": version("openai"), "cases": found}
    options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
