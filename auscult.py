"""The front door: the `auscult` command.

Mounts the packages' commands lazily, so that `auscult verify` needs no model library, and holds the two commands that need
all three packages: `demo` and `certify run`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from guard import __version__
from guard.errors import AuscultError

_MOUNTED = {
    "verify": ("guard.cli", "verify", "Check a dossier in numbered steps; exit 0 valid, 1 not."),
    "key": ("guard.cli_keys", "key", "Signing keys: encrypted files, ECDSA P-256."),
    "revoke": ("guard.cli_keys", "revoke", "Withdraw certificates or keys: write or extend a signed list."),
    "guard": ("guard.cli", "guard", "Run the guard, check policies, read the audit chain."),
    "certify": ("certify.cli", "certify", "Bound how often monitors are wrong for one exact model, and sign it."),
    "subject": ("guard.subjects.cli", "subject", "Models: fetch a real one, checked by digest."),
    "synth": ("synth_data.cli", "synth", "Make labelled synthetic clinical conversations."),
}
"""Commands by name: module, attribute, one line of help."""

_EXTRA = {"certify": "certify", "synth": "synth", "demo": "certify,synth", "guard": "subject", "subject": "subject"}
"""Extra that a command needs."""


class _Lazy(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List own and mounted commands."""
        return sorted({*super().list_commands(ctx), *_MOUNTED})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a mounted command."""
        if cmd_name not in _MOUNTED:
            return super().get_command(ctx, cmd_name)
        module, attribute, _ = _MOUNTED[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        if cmd_name == "certify" and isinstance(command, click.Group):
            command.add_command(run)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        own = {name: command.get_short_help_str(70) for name, command in self.commands.items()}
        lines = own | {name: line for name, (_, _, line) in _MOUNTED.items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted(lines.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="auscult")
def auscult() -> None:
    """Listen to the inside of a clinical language model: monitors on its activations, certified and enforced."""


_SUBJECTS = "phantom, phantom-next, smollm2, observer:minilm, or hf:<id or folder>."
_path = click.Path(path_type=Path)
_CHANCE = click.FloatRange(0, 1, min_open=True, max_open=True)


@auscult.command()
@click.option("--subject", default="phantom", show_default=True, help="phantom, phantom-next, smollm2, or hf:<id or folder>.")
@click.option("--out", type=_path, default=Path("demo-out"), show_default=True, help="Folder for what it writes.")
@click.option("--external", type=_path, help="Folder of labelled JSONL for the report's section on external data.")
@click.option("--lengths", help="Hazards in long chats: off, small, full, or count:tokens; by default as the subject needs.")
@click.option("--draws", type=click.IntRange(min=1), help="Draws a claim for the test; by default as the subject needs.")
@click.option("--scenarios", type=click.IntRange(min=1), help="Train and select draws a claim; by default likewise.")
@click.option("--serve", is_flag=True, help="Keep the guard running at the end.")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="Port of the guard; by default a free one.")
def demo(**options: Any) -> None:
    """Do the main job end to end and guard a chat with what comes out.

    \b
    Example: auscult demo --out demo-out
    """
    from auscult_demo import run as run_demo

    run_demo(**options)


@click.command()
@click.option("--subject", default="phantom", show_default=True, help=_SUBJECTS)
@click.option("--policy", "policy_file", type=_path, help="What is demanded; by default the packaged clinical policy.")
@click.option("--out", type=_path, required=True, help="New folder for the dossier.")
@click.option("--work", type=_path, help="New folder for the drawn rows; by default beside the dossier, its name and -rows.")
@click.option("--product", help="What the thing that is certified is called.")
@click.option("--seed", default=0, show_default=True, help="Seed of the train and select rows.")
@click.option(
    "--scenarios", type=click.IntRange(min=1), default=1_200, show_default=True, help="Train and select draws a claim."
)
@click.option("--draws", type=click.IntRange(min=1), default=600, show_default=True, help="Test draws a claim.")
@click.option(
    "--traffic", type=click.IntRange(min=1), default=2_000, show_default=True, help="Ordinary conversations in the test."
)
@click.option("--typical", is_flag=True, help="Draw typical cases only; the bounds then hold for such cases only.")
@click.option("--power", type=_CHANCE, default=0.9, show_default=True, help="Wanted chance to show each limit.")
@click.option("--search", type=click.Choice(["quick", "full"]), default="full", show_default=True, help="How wide to look.")
@click.option("--cache", type=_path, help="Folder that keeps what was read of the model: interrupted work goes on from it.")
@click.option("--system", type=_path, help="File with the system prompt that the guard will insert.")
@click.option("--external", type=_path, help="Folder of labelled JSONL for the section on external data.")
@click.option(
    "--lengths",
    default="small",
    show_default=True,
    help="Hazards in long chats: off, small, full, or count:tokens with commas.",
)
@click.option("--key", "key_file", type=_path, help="Signing key: a file, or pkcs11:token=...;object=...")
@click.option("--tsa", help="Address of a time-stamping authority to ask; without it nothing is sent anywhere.")
@click.option("--tsa-roots", type=_path, help="PEM certificates of authorities that are believed.")
@click.option("--ledger", "ledger_file", type=_path, help="Ledger of attempts; by default in the user's data directory.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def run(**options: Any) -> None:
    """Generate, prepare, draw and test in one, with the redraw check.

    \b
    Example: auscult certify run --subject phantom --key issuer.pem --out dossier
    """
    from auscult_demo import certify_once
    from certify.options import private_key
    from certify.show import results_of, results_table
    from guard.cli_output import say

    as_json = options.pop("as_json")
    issued = certify_once(private_key(options.pop("key_file")), options)
    say(as_json, results_of(issued), lambda: results_table(issued))


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; every failure is one line that says what to do, and an exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    return _guarded(lambda: auscult.main(args=given, prog_name="auscult", standalone_mode=False), given)


def _guarded(command: Callable[[], Any], given: list[str]) -> int:
    try:
        code = command()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "auscult"
        click.echo(f"auscult: {error.format_message()} See {where} --help".replace("\n", " "), err=True)
        return error.exit_code
    except click.ClickException as error:
        click.echo(f"auscult: {error.format_message()}", err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("auscult: interrupted; nothing half-written was left", err=True)
        return 1
    except AuscultError as error:
        click.echo(f"auscult: {error}", err=True)
        return error.exit_code
    except ModuleNotFoundError as error:
        extra = _EXTRA.get(given[0] if given else "", "certify,synth")
        click.echo(f"auscult: {error.name} is not installed; run pip install 'auscult[{extra}]'", err=True)
        return 2
    except BrokenPipeError:
        return 1
    except OSError as error:
        click.echo(f"auscult: {error.strerror or type(error).__name__}: {error.filename or ''}".rstrip(": "), err=True)
        return 2
    # `ctx.exit(1)` comes back as a value; commands return nothing else.
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    sys.exit(main())
