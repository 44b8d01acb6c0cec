"""Write the JSON Schema of policies: `python -m guard.policy.schema_file` in a checkout."""

from __future__ import annotations

import msgspec

from guard import files, resources
from guard.policy.written import schema


def write() -> None:
    """Write `policies/schema.json` beside the packaged policies.

    Raises:
        OutputError: It can't be written.
    """
    text = msgspec.json.format(msgspec.json.encode(schema(), order="sorted"), indent=1) + b"\n"
    files.write(resources.path("policies/hazards.yaml").parent / "schema.json", text)


if __name__ == "__main__":
    write()
