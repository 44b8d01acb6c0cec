"""What several `auscult certify` commands share: options, and what is read from the files that they name."""

from __future__ import annotations

from pathlib import Path

import click

from certify.timestamp import Stamping, asking, unstamped
from guard import files, keys, policy, resources, rules
from guard.errors import InputError
from guard.hazards import Taxonomy
from guard.signing import open_key
from guard.timestamp import Authorities

EXISTING = click.Path(path_type=Path)
CHANCE = click.FloatRange(0, 1, min_open=True, max_open=True)
SUBJECTS = "phantom, phantom-next, smollm2, observer:minilm, or hf:<id or folder>"
"""Names of models, as help texts say them."""
LENGTHS = {"short": "upto1000", "long": "upto8000"}
"""Length buckets by the name that a command line has for them."""

demanded = click.option("--policy", "policy_file", type=EXISTING, default=None, help="What is demanded.")
signing = click.option(
    "--key",
    "key_file",
    type=EXISTING,
    help="Signing key: a file (password in AUSCULT_KEY_PASSWORD), or pkcs11:token=...;object=... (PIN in AUSCULT_PKCS11_PIN).",
)
tsa = click.option("--tsa", help="Address of a time-stamping authority (RFC 3161) to ask; without it nothing is sent anywhere.")
tsa_roots = click.option("--tsa-roots", type=EXISTING, help="PEM certificates of authorities that are believed.")
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


def private_key(path: Path | None) -> keys.SigningKey:
    """Open the issuer's key, in a file or on a token; password and PIN come from the environment, never from a command line.

    Raises:
        InputError: No key was named, or it can't be opened.
    """
    if path is None:
        raise InputError("no signing key was named", "make one with auscult key new and say --key FILE")
    return open_key(path)


def stamping(url: str | None, roots: Path | None) -> Stamping:
    """Return what asks the time-stamping authority that a command line names, or leaves bundles as they are.

    Raises:
        InputError: The address can't be one, or the file of roots holds no certificate.
    """
    if url is None:
        return unstamped
    return asking(url, Authorities.read(roots) if roots else None)


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
