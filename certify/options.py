"""What several `auscult certify` commands share: options, and what is read from the files that they name."""

from __future__ import annotations

import os
from pathlib import Path

import click

from guard import files, keys, policy, resources, rules
from guard.errors import InputError
from guard.hazards import Taxonomy

EXISTING = click.Path(path_type=Path)
CHANCE = click.FloatRange(0, 1, min_open=True, max_open=True)
SUBJECTS = "phantom, phantom-next, smollm2, observer:minilm, or hf:<id or folder>"
"""Names of models, as help texts say them."""
LENGTHS = {"short": "upto1000", "long": "upto8000"}
"""Length buckets by the name that a command line has for them."""

demanded = click.option("--policy", "policy_file", type=EXISTING, default=None, help="What is demanded.")
signing = click.option("--key", "key_file", type=EXISTING, help="Signing key; its password is read from AUSCULT_KEY_PASSWORD.")
subject = click.option("--subject", default="phantom", show_default=True, help=f"{SUBJECTS}.")
draws = click.option("--draws", type=click.IntRange(min=1), default=600, show_default=True, help="Draws per claim.")
traffic = click.option(
    "--traffic", type=click.IntRange(min=1), default=2_000, show_default=True, help="Ordinary conversations."
)
for_machines = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
external_files = click.option("--external", type=EXISTING, help="Folder of labelled JSONL for the section on external data.")
ledger_option = click.option(
    "--ledger", "ledger_file", type=EXISTING, help="Ledger of attempts; by default in the user's data directory."
)
system_file = click.option("--system", type=EXISTING, help="File with the system prompt that the guard will insert.")


def private_key(path: Path | None) -> keys.PrivateKey:
    """Open the issuer's key; the password comes from the environment, never from the command line.

    Raises:
        InputError: No key was named, or it can't be opened.
    """
    if path is None:
        raise InputError("no signing key was named", "make one with auscult key new and say --key FILE")
    return keys.read_private(path, os.fsencode(os.environ.get("AUSCULT_KEY_PASSWORD", "")))


def load_policy(path: Path | None) -> policy.Policy:
    """Read a policy; by default the packaged clinical one.

    Raises:
        InputError: It can't be read, or is none.
    """
    return policy.load(path or resources.path("policies/clinical.yaml"), Taxonomy.packaged(), rules.names)


def system_text(path: Path | None, wanted: policy.Policy | None = None) -> str | None:
    """Read the system prompt that the guard will insert; it must be the one that the policy names, if it names one.

    Raises:
        InputError: The file can't be read, is not UTF-8, or is another prompt than the policy's.
    """
    try:
        text = files.read(path).decode() if path else None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text", "say --system FILE with the text of the system prompt") from error
    if wanted is not None and wanted.system_prompt is not None and wanted.system_prompt != text:
        raise InputError("the policy names a system prompt that --system does not give", "say --system FILE with that file")
    return text
