"""The append-only log: its signed heads, its proofs, and what each kind of tampering looks like to whom."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import auscult
from certify import log as logs
from guard import certificate, checkpoint, digest, dsse, files, keys, log_proof, merkle, moments
from guard.digest import Digest
from guard.errors import CheckFailed, DigestMismatch, InputError, SignatureError, UnknownSigner, VerificationError

ORIGIN = "example.org/auscult"
DAY = datetime(2026, 6, 1, tzinfo=UTC)
KEY, OTHER_KEY = keys.generate(), keys.generate()
PUBLIC = keys.public(KEY)
TRUSTED = {keys.key_id(PUBLIC): PUBLIC}
STRANGERS = {keys.key_id(keys.public(OTHER_KEY)): keys.public(OTHER_KEY)}
NOTE = checkpoint.sign(ORIGIN, 3, merkle.root([merkle.leaf(b"%d" % n) for n in range(3)]), KEY)


def payload(number: int) -> Digest:
    """Digest of some signed payload."""
    return digest.of_bytes(b"payload %d" % number)


def make(folder: Path, *sizes: int) -> Path:
    """A log that grew to each of some sizes, with a signed head at each."""
    for size in sizes:
        logs.append(folder, [payload(number) for number in range(size)])
        logs.sign_head(folder, ORIGIN, KEY, {})
    return folder


def rewrite(folder: Path, lines: list[str]) -> None:
    """Put other entries into a log."""
    (folder / "entries").write_text("".join(f"{line}\n" for line in lines))


class TestCheckpoint:
    """The signed head."""

    def test_it_reads_back(self) -> None:
        """Origin, size, root and signer; the same head signed again by a key in a file is the same bytes."""
        found = checkpoint.read(NOTE, TRUSTED)
        assert (found.origin, found.size, found.signer) == (ORIGIN, 3, keys.key_id(PUBLIC))
        assert checkpoint.sign(ORIGIN, 3, found.root, KEY) == NOTE
        assert found.head == f"sha256:{found.root.hex()}"

    def test_it_is_a_note_of_type_ecdsa(self, tmp_path: Path) -> None:
        """Four bytes of the SHA-256 of the key's DER form, then a signature over the text that openssl accepts."""
        text, _, line = NOTE.decode().rpartition("\n\n")
        raw = base64.b64decode(line.split(" ")[2])
        der = subprocess.run(
            ["openssl", "pkey", "-pubin", "-outform", "DER"], input=keys.public_pem(PUBLIC), capture_output=True, check=True
        ).stdout
        assert raw[:4] == hashlib.sha256(der).digest()[:4]
        for name, data in (("text", text.encode() + b"\n"), ("sig", raw[4:]), ("key", keys.public_pem(PUBLIC))):
            (tmp_path / name).write_bytes(data)
        command = ["openssl", "dgst", "-sha256", "-verify", "key", "-signature", "sig", "text"]
        assert "Verified OK" in subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    def test_every_changed_byte_breaks_it(self) -> None:
        """Text, name or signature."""
        for index in range(len(NOTE)):
            changed = bytearray(NOTE)
            changed[index] ^= 1
            with pytest.raises(VerificationError):
                checkpoint.read(bytes(changed), TRUSTED)

    def test_signatures_of_others_are_passed_over(self) -> None:
        """A witness may add a line; a stranger's line in the log's own name counts for nothing."""
        witness = "— witness.example " + base64.b64encode(b"1234" + b"s" * 64).decode() + "\n"
        assert checkpoint.read(NOTE + witness.encode(), TRUSTED) == checkpoint.read(NOTE, TRUSTED)
        found = checkpoint.read(NOTE, TRUSTED)
        stranger = checkpoint.sign(ORIGIN, 3, found.root, OTHER_KEY).rpartition(b"\n\n")[2]
        assert checkpoint.read(NOTE + stranger, TRUSTED) == found

    def test_an_unknown_signer_is_said(self) -> None:
        """Intact, but by nobody who is trusted; and with a known key's name, but another's signature, forged."""
        for known in (STRANGERS, {}):
            with pytest.raises(UnknownSigner):
                checkpoint.read(NOTE, known)
        text, _, line = NOTE.decode().rpartition("\n\n")
        mine, other = (base64.b64decode(one.split(" ")[2]) for one in (line, _line(OTHER_KEY)))
        forged = f"{text}\n\n— {ORIGIN} {base64.b64encode(mine[:4] + other[4:]).decode()}\n"
        with pytest.raises(SignatureError):
            checkpoint.read(forged.encode(), TRUSTED)

    def test_a_date_is_signed_and_may_be_missing(self) -> None:
        """A line of its own after the root; a head without it reads as before."""
        root = checkpoint.read(NOTE, TRUSTED).root
        note = checkpoint.sign(ORIGIN, 3, root, KEY, DAY)
        assert note.decode().split("\n")[3] == "date 2026-06-01T00:00:00+00:00"
        assert checkpoint.read(note, TRUSTED).at == checkpoint.unverified(note).at == DAY
        assert checkpoint.read(NOTE, TRUSTED).at is None
        with pytest.raises(SignatureError):
            checkpoint.read(note.replace(b"date 2026-06-01", b"date 2026-06-02"), TRUSTED)
        with pytest.raises(SignatureError):
            checkpoint.read(note.replace(b"date 2026-06-01T00:00:00+00:00\n", b""), TRUSTED)

    def test_sigstore_reads_a_dated_head(self) -> None:
        """Another reader of checkpoints passes over the date and finds the rest."""
        read = pytest.importorskip("sigstore._internal.rekor.checkpoint")
        root = checkpoint.read(NOTE, TRUSTED).root
        note = read.SignedNote.from_text(checkpoint.sign(ORIGIN, 3, root, KEY, DAY).decode())
        found = read.LogCheckpoint.from_text(note.note)
        assert (found.origin, found.log_size, found.log_hash) == (ORIGIN, 3, root.hex())
        assert found.other_content == ["date 2026-06-01T00:00:00+00:00"]
        assert [one.name for one in note.signatures] == [ORIGIN]

    @pytest.mark.parametrize(
        "text",
        [
            "", "\n", f"{ORIGIN}\n3\n", f"{ORIGIN}\n03\n{'A' * 43}=\n", f"{ORIGIN}\n-1\n{'A' * 43}=\n",
            f"{ORIGIN}\n3\n{'A' * 43}=\nmore\n", f"{ORIGIN}\n3\n{'A' * 42}==\n", f"{ORIGIN}\n3\n{'A' * 42}B=\n",
            "DSSEv1 1 x\n3\n", f"{ORIGIN}\n3\n{'A' * 43}=\ndate 2026-06-01\n", f"{ORIGIN}\n3\n{'A' * 43}=\ndate \n",
            f"{ORIGIN}\n3\n{'A' * 43}=\ndate 2026-06-01T02:00:00+02:00\n",
            f"{ORIGIN}\n3\n{'A' * 43}=\n" + 2 * "date 2026-06-01T00:00:00+00:00\n",
        ],
    )  # fmt: skip
    def test_signed_text_that_is_no_head_is_refused(self, text: str) -> None:
        """A good signature on another form: missing, odd or additional lines, another way to write a number or a hash."""
        body = text or f"{ORIGIN}\n"
        signature = _key_hash(KEY) + keys.signer(KEY).sign(body.encode())
        note = f"{body}\n— {body.split(chr(10))[0] or ORIGIN} {base64.b64encode(signature).decode()}\n"
        with pytest.raises(VerificationError):
            checkpoint.read(note.encode(), TRUSTED)

    @pytest.mark.parametrize(
        "note", [b"", b"\n\n", b"\xff\n\n", NOTE[:-1], NOTE.replace("—".encode(), b"-"), NOTE + b"\n", b"\x00" + NOTE]
    )
    def test_what_is_no_note_is_refused(self, note: bytes) -> None:
        """Empty, cut, in another encoding or with control characters."""
        with pytest.raises(VerificationError):
            checkpoint.read(note, TRUSTED)
        with pytest.raises(VerificationError):
            checkpoint.unverified(note)

    @pytest.mark.parametrize("origin", ["", "a b", "a+b", "a\nb", "DSSEv1 28 x", "a\tb", "x" * 300])
    def test_an_origin_can_t_pass_for_something_else(self, origin: str) -> None:
        """No space, so no note's text begins like the encoding that a statement's signature is made over."""
        with pytest.raises(InputError, match="not the origin"):
            checkpoint.sign(origin, 0, merkle.root([]), KEY)


def _key_hash(key: keys.PrivateKey) -> bytes:
    return digest.raw(keys.key_id(keys.public(key)))[:4]


def _line(key: keys.PrivateKey) -> str:
    return checkpoint.sign(ORIGIN, 3, checkpoint.read(NOTE, TRUSTED).root, key).decode().rpartition("\n\n")[2]


class TestAppending:
    """A log that grows."""

    def test_an_entry_is_added_once(self, tmp_path: Path) -> None:
        """Appending again finds it; indices never change."""
        first = logs.append(tmp_path / "log", [payload(0), payload(1), payload(0)])
        again = logs.append(tmp_path / "log", [payload(2), payload(1)])
        assert [(one.index, one.added) for one in (*first, *again)] == [(0, True), (1, True), (0, False), (2, True), (1, False)]
        assert logs.entries(tmp_path / "log") == (payload(0), payload(1), payload(2))

    def test_it_is_plain_files(self, tmp_path: Path) -> None:
        """Entries by line, heads as notes; nothing else lies in the folder."""
        folder = make(tmp_path / "log", 2, 3)
        found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        assert found == ["checkpoint", "checkpoints/2", "checkpoints/3", "entries"]
        assert (folder / "entries").read_text().splitlines() == [payload(number) for number in range(3)]

    def test_a_head_is_signed_once_for_each_size(self, tmp_path: Path) -> None:
        """Signing again without a new entry gives the same note, whatever the key."""
        folder = make(tmp_path / "log", 2)
        note = files.read(folder / "checkpoint")
        assert logs.sign_head(folder, None, OTHER_KEY, TRUSTED) == note

    def test_a_new_key_goes_on_with_a_log_only_if_it_knows_the_old_one(self, tmp_path: Path) -> None:
        """After a rotation the old head still has to be believed."""
        folder = make(tmp_path / "log", 2)
        logs.append(folder, [payload(7)])
        with pytest.raises(UnknownSigner):
            logs.sign_head(folder, None, OTHER_KEY, {})
        note = logs.sign_head(folder, None, OTHER_KEY, TRUSTED)
        assert checkpoint.read(note, STRANGERS).size == 3
        assert logs.verify(folder, TRUSTED | STRANGERS).size == 3

    def test_no_head_is_signed_over_a_log_that_was_changed(self, tmp_path: Path) -> None:
        """The log's own key refuses to fork it: cut, or rewritten and grown."""
        folder = make(tmp_path / "log", 4)
        rewrite(folder, [payload(number) for number in range(3)])
        with pytest.raises(CheckFailed, match="cut"):
            logs.sign_head(folder, None, KEY, {})
        rewrite(folder, [payload(number) for number in (0, 1, 9, 3, 4)])
        with pytest.raises(CheckFailed, match="rewritten"):
            logs.sign_head(folder, None, KEY, {})

    def test_dates_of_heads_do_not_go_back(self, tmp_path: Path) -> None:
        """None is signed before the last one's date; a folder whose dates go back is refused, and so is a proof from it."""
        for number, day in enumerate((0, 5), 1):
            logs.append(tmp_path, [payload(number)])
            logs.sign_head(tmp_path, ORIGIN, KEY, {}, DAY + timedelta(day))
        kept = files.read(tmp_path / "checkpoint")
        logs.append(tmp_path, [payload(3)])
        with pytest.raises(InputError, match="check the clock"):
            logs.sign_head(tmp_path, None, KEY, {}, DAY + timedelta(4))
        assert logs.verify(tmp_path, TRUSTED).at == DAY + timedelta(5)
        leaves = [merkle.leaf(digest.raw(one)) for one in logs.entries(tmp_path)]
        note = checkpoint.sign(ORIGIN, 3, merkle.root(leaves), KEY, DAY + timedelta(4))
        for name in ("checkpoint", "checkpoints/3"):
            files.write(tmp_path / name, note)
        with pytest.raises(CheckFailed, match="3 entries is dated before that of 2"):
            logs.verify(tmp_path, TRUSTED)
        with pytest.raises(VerificationError, match="dated before the kept one"):
            log_proof.extended(logs.prove_growth(tmp_path, kept), kept, TRUSTED)

    def test_the_origin_is_said_once(self, tmp_path: Path) -> None:
        """First it must be, later it can't be another."""
        logs.append(tmp_path / "log", [payload(0)])
        with pytest.raises(InputError, match="no origin yet"):
            logs.sign_head(tmp_path / "log", None, KEY, {})
        make(tmp_path / "log", 1)
        with pytest.raises(InputError, match="origin of this log"):
            logs.sign_head(tmp_path / "log", "example.org/another", KEY, {})

    @pytest.mark.parametrize("line", ["sha256:00\n", "text\n", "\n", payload(0), "\xff\n"])
    def test_a_line_that_is_no_entry_is_refused(self, tmp_path: Path, line: str) -> None:
        """Garbled or cut."""
        files.write(tmp_path / "log" / "entries", f"{payload(1)}\n{line}".encode("latin-1"))
        with pytest.raises(DigestMismatch):
            logs.append(tmp_path / "log", [payload(2)])

    def test_only_protocols_and_certificates_are_logged(self) -> None:
        """By what they are, not by their names."""
        issued = dsse.statement(certificate.PREDICATE, {}, {})
        assert logs.payload_of(dsse.sign(issued, KEY)) == digest.of_bytes(issued)
        for bundle in (dsse.sign(dsse.statement("urn:auscult:other:v1", {}, {}), KEY), b"", b"{}"):
            with pytest.raises(VerificationError, match="neither"):
                logs.payload_of(bundle)


class TestProofs:
    """What is shown to somebody who does not have the log."""

    @pytest.mark.parametrize("size", [1, 2, 5, 8])
    def test_every_entry_can_be_proved(self, tmp_path: Path, size: int) -> None:
        """At its index, under the signed head; and no other document by that proof."""
        folder = make(tmp_path / "log", size)
        for number in range(size):
            proof = logs.prove_entry(folder, payload(number))
            found = log_proof.included(proof, payload(number), TRUSTED)
            assert (found.index, found.checkpoint.size) == (number, size)
            with pytest.raises(VerificationError, match="does not show"):
                log_proof.included(proof, payload(99), TRUSTED)

    def test_growth_can_be_proved_from_every_head(self, tmp_path: Path) -> None:
        """From each kept head to the last one, and not from a head of another log or by a stranger."""
        folder = make(tmp_path / "log", 1, 3, 4, 7)
        for size in (1, 3, 4, 7):
            kept = files.read(folder / "checkpoints" / str(size))
            old, new = log_proof.extended(logs.prove_growth(folder, kept), kept, TRUSTED)
            assert (old.size, new.size) == (size, 7)
        proof, kept = (
            logs.prove_growth(folder, files.read(folder / "checkpoints" / "3")),
            files.read(folder / "checkpoints" / "3"),
        )
        root = checkpoint.unverified(kept).root
        others = {
            "starts at 3": files.read(folder / "checkpoints" / "4"),
            "two logs": checkpoint.sign("example.org/other", 3, root, KEY),
            "does not show": checkpoint.sign(ORIGIN, 3, hashlib.sha256(root).digest(), KEY),
            "no key that is trusted": checkpoint.sign(ORIGIN, 3, root, OTHER_KEY),
        }
        for said, other in others.items():
            with pytest.raises(VerificationError, match=said):
                log_proof.extended(proof, other, TRUSTED)

    @given(st.data())
    def test_no_changed_proof_holds(self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
        """One byte of a proof changed, one taken out, or one line: it does not hold, or says exactly what it said."""
        folder = tmp_path_factory.getbasetemp() / "changed-proofs"
        if not folder.exists():
            make(folder, 3, 6)
        kept = files.read(folder / "checkpoints" / "3")
        inclusion, growth = logs.prove_entry(folder, payload(2)), logs.prove_growth(folder, kept)
        checks = (
            (inclusion, lambda proof: log_proof.included(proof, payload(2), TRUSTED)),
            (growth, lambda proof: log_proof.extended(proof, kept, TRUSTED)),
        )
        for proof, check in checks:
            index = data.draw(st.integers(0, len(proof) - 1))
            lines = proof.split(b"\n")
            line = data.draw(st.integers(0, len(lines) - 1))
            flipped = proof[:index] + bytes([proof[index] ^ 1]) + proof[index + 1 :]
            for changed in (flipped, proof[:index] + proof[index + 1 :], b"\n".join(lines[:line] + lines[line + 1 :])):
                with pytest.raises(VerificationError):
                    check(changed)

    def test_a_document_after_the_last_head_is_not_covered(self, tmp_path: Path) -> None:
        """Appended is not enough: a head has to be signed."""
        folder = make(tmp_path / "log", 2)
        logs.append(folder, [payload(2)])
        with pytest.raises(CheckFailed, match="does not cover"):
            logs.prove_entry(folder, payload(2))
        assert log_proof.included(logs.prove_entry(folder, payload(1)), payload(1), TRUSTED).checkpoint.size == 2


class TestTampering:
    """What a reader of the whole log sees."""

    @pytest.mark.parametrize(
        "order", [(0, 1, 9, 3, 4), (0, 1, 3, 4), (1, 0, 2, 3, 4), (0, 1, 2, 3), (0, 1, 2, 2, 3, 4)],
        ids=["altered", "removed", "moved", "cut", "slipped in"],
    )  # fmt: skip
    def test_a_changed_log_does_not_fit_its_head(self, tmp_path: Path, order: tuple[int, ...]) -> None:
        """Whatever is done to the entries, the signed head tells, without anything kept elsewhere."""
        folder = make(tmp_path / "log", 5)
        assert logs.verify(folder, TRUSTED).size == 5
        rewrite(folder, [payload(number) for number in order])
        with pytest.raises(CheckFailed):
            logs.verify(folder, TRUSTED)

    def test_a_tail_cut_with_its_heads_is_seen_only_from_outside(self, tmp_path: Path) -> None:
        """Both ways: alone the shorter log is intact; against a head that was kept elsewhere it is not."""
        folder = make(tmp_path / "log", 3, 5)
        kept = files.read(folder / "checkpoint")
        rewrite(folder, [payload(number) for number in range(3)])
        shutil.copy(folder / "checkpoints" / "3", folder / "checkpoint")
        (folder / "checkpoints" / "5").unlink()
        assert logs.verify(folder, TRUSTED).size == 3
        with pytest.raises(CheckFailed, match="its tail was cut"):
            logs.verify(folder, TRUSTED, kept)
        with pytest.raises(CheckFailed, match="its tail was cut"):
            logs.prove_growth(folder, kept)

    def test_a_log_that_was_forked_is_seen_from_outside(self, tmp_path: Path) -> None:
        """Its keeper signs two histories: each is intact alone, and a head of one does not fit the other."""
        folder, other = make(tmp_path / "log", 3, 5), tmp_path / "other"
        logs.append(other, [payload(number) for number in (0, 1, 2, 7, 8, 9)])
        logs.sign_head(other, ORIGIN, KEY, {})
        kept = files.read(folder / "checkpoint")
        assert logs.verify(other, TRUSTED).size == 6
        with pytest.raises(CheckFailed, match="rewritten"):
            logs.verify(other, TRUSTED, kept)
        with pytest.raises(VerificationError, match="only grew"):
            log_proof.extended(logs.prove_growth(other, kept), kept, TRUSTED)
        assert logs.verify(other, TRUSTED, files.read(folder / "checkpoints" / "3")).size == 6

    def test_an_earlier_head_that_does_not_fit_is_found(self, tmp_path: Path) -> None:
        """A published head of another history, beside a good last head."""
        folder = make(tmp_path / "log", 3, 5)
        files.write(folder / "checkpoints" / "2", checkpoint.sign(ORIGIN, 2, hashlib.sha256(b"").digest(), KEY))
        with pytest.raises(CheckFailed, match="rewritten"):
            logs.verify(folder, TRUSTED)


class TestCommands:
    """`auscult certify log` and `auscult verify --log`."""

    @pytest.fixture
    def place(self, sealed: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A folder with a dossier, its issuer's key, and a log with it and others."""
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("AUSCULT_KEY_PASSWORD", "a password")
        keys.write_private(tmp_path / "issuer.pem", sealed[1], b"a password")  # type: ignore[index]
        files.write(tmp_path / "issuer.pub", keys.public_pem(keys.public(sealed[1])))  # type: ignore[index]
        assert auscult.main(["certify", "log", "append", "log", "dossier/protocol.json"]) == 0
        assert auscult.main(["certify", "log", "checkpoint", "log", "--origin", ORIGIN, "--key", "issuer.pem"]) == 0
        shutil.copy(tmp_path / "log" / "checkpoint", tmp_path / "kept")
        assert auscult.main(["certify", "log", "append", "log", "dossier"]) == 0
        assert auscult.main(["certify", "log", "checkpoint", "log", "--key", "issuer.pem"]) == 0
        return tmp_path

    def run(self, line: str) -> int:
        """Run a command."""
        return auscult.main(line.split())

    def test_the_whole_way(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Append, sign, prove and check, the log and each proof; verify prints size and head."""
        assert self.run("certify log prove log dossier --out c.proof") == 0
        assert self.run("certify log prove log --since kept --out g.proof") == 0
        capsys.readouterr()
        assert self.run("certify log verify log --trust issuer.pub --checkpoint kept --json") == 0
        head = json.loads(capsys.readouterr().out)["head"]
        assert self.run("certify log verify g.proof --trust issuer.pub --checkpoint kept") == 0
        assert "from 1 to 2 entries" in capsys.readouterr().out
        assert self.run("certify log verify c.proof --trust issuer.pub --document dossier") == 0
        command = "verify dossier --trust issuer.pub --at 2026-12-01 --log c.proof"
        assert self.run(f"{command} --checkpoint log/checkpoint") == 0
        said = capsys.readouterr().out
        assert f"entry 1 of 2 in the log {ORIGIN}, head {head}, signed on 20" in said
        assert "by its signer's word, the head that was got another way" in said
        assert self.run(command) == 0
        assert self.run(f"{command} --checkpoint kept") == 1
        assert "another head" in capsys.readouterr().err

    def test_a_revoked_key_of_the_log_or_entry_fails(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A log kept with another key than the issuer's: once that key is withdrawn, its heads show nothing more.

        A certificate that is withdrawn itself fails under a good log, too.
        """
        other = keys.generate()
        keys.write_private(place / "keeper.pem", other, b"a password")
        files.write(place / "trust" / "keeper.pub", keys.public_pem(keys.public(other)))
        shutil.copy(place / "issuer.pub", place / "trust")
        assert self.run("certify log append own dossier") == 0
        assert self.run(f"certify log checkpoint own --origin {ORIGIN} --key keeper.pem") == 0
        assert self.run("certify log prove own dossier --out c.proof") == 0
        commands = (
            "verify dossier --trust trust --at 2026-12-01 --log c.proof",
            "certify log verify own --trust trust --at 2026-12-01",
            "certify log verify c.proof --document dossier --trust trust --at 2026-12-01",
        )  # fmt: skip
        assert [self.run(one) for one in commands] == [0, 0, 0]
        revoke = "revoke list.json --reason stolen --since 2026-11-01 --key issuer.pem"
        assert self.run(f"{revoke} --signer trust/keeper.pub") == 0
        for one in commands:
            capsys.readouterr()
            assert self.run(f"{one} --revocations list.json") == 1, one
            assert "that signed the log's head was revoked on 2026-11-01" in capsys.readouterr().err
        assert self.run(f"{revoke.replace('list', 'other')} --certificate dossier") == 0
        assert self.run(f"{commands[2]} --revocations other.json") == 1
        assert "the certificate was revoked" in capsys.readouterr().err
        assert self.run(f"{commands[1]} --revocations other.json") == 0

    def test_the_date_of_a_head_is_weighed(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Outside the time of its key it fails; inside, once the key has ended, it is the signer's word, and that is said."""
        shutil.copytree(place / "log", place / "undated")
        shutil.rmtree(place / "undated" / "checkpoints")
        (place / "undated" / "checkpoint").unlink()
        assert self.run(f"certify log checkpoint undated --origin {ORIGIN} --no-date --key issuer.pem") == 0
        trust = place / "trust"
        files.write(trust / "issuer.pub", files.read(place / "issuer.pub"))
        signer = keys.key_id(keys.read_public(files.read(place / "issuer.pub"), "issuer.pub"))
        now = moments.now()
        for ends, code, said in (
            (now - timedelta(hours=1), 1, "the log's head was signed on"),
            (now + timedelta(hours=1), 0, "the log's head is dated by the signer alone; the key ended on"),
        ):
            files.write(trust / "keys.json", json.dumps({signer: {"notAfter": moments.write(ends)}}).encode())
            capsys.readouterr()
            assert self.run("certify log verify log --at 2027-01-01 --trust trust") == code
            assert said in "".join(capsys.readouterr())
            assert self.run("certify log verify undated --trust trust --at 2027-01-01 --json") == 0
            assert "carries no date; the key ended on" in json.loads(capsys.readouterr().out)["warnings"][0]

    @pytest.mark.softhsm
    def test_a_head_that_is_yet_to_come_fails(
        self, place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """By more than clocks differ; as of a later moment it stands."""
        now = moments.now()
        with monkeypatch.context() as ahead:
            ahead.setattr(moments, "now", lambda: now + timedelta(hours=1))
            assert self.run("certify log append ahead dossier") == 0
            assert self.run(f"certify log checkpoint ahead --origin {ORIGIN} --key issuer.pem") == 0
        assert self.run("certify log prove ahead dossier --out c.proof") == 0
        for one in ("certify log verify ahead", "certify log verify c.proof --document dossier"):
            capsys.readouterr()
            assert self.run(f"{one} --trust issuer.pub") == 1
            assert "which is yet to come" in capsys.readouterr().err
            assert self.run(f"{one} --trust issuer.pub --at {(now + timedelta(hours=2)).isoformat()}") == 0

    def test_a_list_that_has_ended_is_warned_of(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """What was revoked since is not known."""
        revoke = "revoke list.json --reason stolen --key issuer.pem --signer issuer.pub --since 2030-01-01"
        assert self.run(revoke) == 0
        later = (moments.now() + timedelta(days=20)).isoformat()
        for moment, warned in (("", False), (f"--at {later}", True)):
            capsys.readouterr()
            assert self.run(f"certify log verify log --trust issuer.pub --revocations list.json --json {moment}") == 0
            told = json.loads(capsys.readouterr().out)["warnings"]
            assert any("list.json ended on" in one for one in told) is warned

    def test_a_key_on_a_token_signs_heads(
        self, place: Path, token: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Named by its URI; what goes wrong is one line without the PIN."""
        for name, value in token.items():
            monkeypatch.setenv(name, value)
        command = f"certify log checkpoint another --origin {ORIGIN} --key pkcs11:token=auscult;object="
        assert self.run("certify log append another dossier") == 0
        assert self.run(f"{command}issuer") == 0
        assert self.run("key public pkcs11:token=auscult;object=issuer --out token.pub") == 0
        assert self.run("certify log verify another --trust token.pub") == 0
        capsys.readouterr()
        assert self.run(f"{command}nobody") == 2
        monkeypatch.setenv("AUSCULT_PKCS11_PIN", "00000000")
        assert self.run(f"{command}issuer") == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 2
        assert "00000000" not in said

    def test_a_proof_of_something_else_fails(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """The protocol's proof shows nothing about the certificate."""
        assert self.run("certify log prove log dossier/protocol.json --out p.proof") == 0
        assert self.run("verify dossier --trust issuer.pub --at 2026-12-01 --log p.proof") == 1
        assert "does not show" in capsys.readouterr().err

    def test_wrong_use_is_one_line(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """What is missing is named, and what can't be read."""
        files.write(place / "g.proof", b"old 1\n\n" + files.read(place / "kept"))
        files.write(place / "empty" / "file", b"")
        lines = (
            "certify log verify log", "certify log verify missing --trust issuer.pub", "certify log prove log --out x",
            "certify log prove log dossier --since kept --out x", "certify log verify g.proof --trust issuer.pub",
            "certify log append log empty", "certify log append log missing", "certify log checkpoint log",
            "certify log prove missing dossier --out x", "verify dossier --trust issuer.pub --at 2026-12-01 --checkpoint kept",
        )  # fmt: skip
        for line in lines:
            capsys.readouterr()
            assert self.run(line) == 2, line
            assert capsys.readouterr().err.count("\n") == 1, line
