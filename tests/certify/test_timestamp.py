"""Time stamps: asked for, carried by the bundle, checked against the verifier's roots, and worth nothing once moved."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sigstore_models.bundle.v1 import Bundle

import auscult
from certify import timestamp as stamps
from guard import digest, dsse, files, keys, moments, timestamp
from guard.errors import InputError, NotInForce, TimestampError, VerificationError
from guard.moments import Window
from guard.timestamp import Authorities

from . import authority
from .authority import OTHER_POLICY, POLICY, Authority

KIND = "urn:auscult:test:v1"
KEY = keys.generate()
TRUSTED = {keys.key_id(keys.public(KEY)): keys.public(KEY)}
BUNDLE = dsse.sign(dsse.statement(KIND, {"upper": "0.05"}, {"model": digest.of_bytes(b"model")}), KEY)
OTHER_BUNDLE = dsse.sign(dsse.statement(KIND, {"upper": "0.06"}, {"model": digest.of_bytes(b"model")}), KEY)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that the verifier believes."""
    return authority.found(tmp_path_factory.mktemp("tsa") / "known")


def stamped(bundle: bytes, by: Authority, policy: str = "") -> bytes:
    """A bundle with an authority's stamp."""
    asked = stamps.request(dsse.stamps(bundle)[0], policy)
    return stamps.attach(bundle, by.reply(asked.der), nonce=asked.nonce)


class TestRequest:
    """What is sent."""

    @pytest.mark.parametrize(("policy", "shown"), [("", "unspecified"), ("1.3.6.1.4.1.99999.1", "1.3.6.1.4.1.99999.1")])
    def test_openssl_reads_it(self, tmp_path: Path, policy: str, shown: str) -> None:
        """SHA-256 of the signature, the policy, the nonce, and the wish for the authority's certificate."""
        asked = stamps.request(b"signature", policy)
        (tmp_path / "asked.tsq").write_bytes(asked.der)
        command = ["openssl", "ts", "-query", "-in", "asked.tsq", "-text"]
        text = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        assert "Hash Algorithm: sha256" in text
        assert digest.of_bytes(b"signature")[7:23] in text.replace(" ", "").replace("-", "")
        assert f"Policy OID: {shown}" in text
        assert f"0x{asked.nonce:X}" in text
        assert "Certificate required: yes" in text

    @given(st.integers(0, 2**80), st.sampled_from(["", "0.3", "2.999.1", "1.2.840.113549.1.9.16.1.4"]))
    def test_its_nonce_reads_back(self, nonce: int, policy: str) -> None:
        """Any nonce, under any policy."""
        assert stamps.nonce_of(stamps.request(b"signature", policy, nonce).der) == nonce

    def test_no_two_have_one_nonce(self) -> None:
        """An earlier answer can't pass for a new one."""
        assert len({stamps.request(b"signature").nonce for _ in range(50)}) == 50

    @pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x03\x02\x01\x01", b"\x30\x82\xff", b"text", b"\x02\x01\x01"])
    def test_what_is_none_is_refused(self, data: bytes) -> None:
        """Cut, garbled or another thing."""
        with pytest.raises(InputError, match="not a request"):
            stamps.nonce_of(data)

    @pytest.mark.parametrize("policy", ["one", "1", "1.2.", "9.9.9", "1.2 "])
    def test_a_policy_is_an_identifier(self, policy: str) -> None:
        """Dotted numbers, and such as can be."""
        with pytest.raises(InputError, match="not the identifier"):
            stamps.request(b"signature", policy)


class TestStamped:
    """A bundle with a stamp."""

    def test_it_verifies_as_before(self, known: Authority) -> None:
        """What is signed and who signed it are the same; sigstore reads it and sees the stamp."""
        found = dsse.verify(stamped(BUNDLE, known), TRUSTED, KIND)
        before = dsse.verify(BUNDLE, TRUSTED, KIND)
        assert (found.payload, found.signature, found.signer) == (before.payload, before.signature, before.signer)
        assert (len(found.timestamps), before.timestamps) == (1, ())
        read = Bundle.from_json(stamped(BUNDLE, known)).verification_material.timestamp_verification_data
        assert len(read.rfc3161_timestamps) == 1

    def test_openssl_accepts_the_stamp(self, known: Authority, tmp_path: Path) -> None:
        """Without our software: the reply, the signature and the root are enough."""
        signature, (reply,) = dsse.stamps(stamped(BUNDLE, known))
        for text, answer in ((signature, "Verification: OK"), (b"another", "Verification: FAILED")):
            (tmp_path / "sig.bin").write_bytes(text)
            (tmp_path / "reply.tsr").write_bytes(reply)
            command = ["openssl", "ts", "-verify", "-data", "sig.bin", "-in", "reply.tsr", "-CAfile", str(known.roots)]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
            assert answer in done.stdout + done.stderr

    def test_its_time_is_now(self, known: Authority) -> None:
        """The stamp of a root that is believed gives the time, and the policy under which it was made."""
        found = timestamp.stamp_of(stamped(BUNDLE, known, OTHER_POLICY), Authorities.read(known.roots))
        assert found is not None
        assert abs(found.at.timestamp() - time.time()) < 30
        assert found.policy == OTHER_POLICY
        assert timestamp.stamp_of(BUNDLE, Authorities.read(known.roots)) is None

    def test_another_policy_is_refused(self, known: Authority) -> None:
        """Where the verifier asks for one."""
        bundle = stamped(BUNDLE, known)
        assert timestamp.stamp_of(bundle, Authorities.read(known.roots, POLICY))
        with pytest.raises(VerificationError, match="Policy"):
            timestamp.stamp_of(bundle, Authorities.read(known.roots, OTHER_POLICY))

    def test_of_two_the_earlier_counts_and_both_must_hold(self, known: Authority, tmp_path: Path) -> None:
        """A stamp by a stranger beside a good one spoils it: nobody may add what is not believed."""
        once = stamped(BUNDLE, known)
        asked = stamps.request(dsse.stamps(once)[0])
        twice = stamps.attach(once, known.reply(asked.der), nonce=asked.nonce)
        first, both = (timestamp.stamp_of(one, Authorities.read(known.roots)) for one in (once, twice))
        assert len(dsse.stamps(twice)[1]) == 2
        assert both == first
        stranger = authority.found(tmp_path / "stranger")
        with pytest.raises(VerificationError):
            timestamp.stamp_of(stamped(once, stranger), Authorities.read(known.roots))

    def test_a_reply_is_attached_once(self, known: Authority) -> None:
        """Attaching again changes nothing."""
        bundle = stamped(BUNDLE, known)
        assert stamps.attach(bundle, dsse.stamps(bundle)[1][0]) == bundle


class TestRefused:
    """Stamps that do not hold."""

    def test_by_an_authority_that_is_not_believed(self, known: Authority, tmp_path: Path) -> None:
        """Another root, a certificate for something else, one that had ended."""
        for name, made in (("other", {}), ("web", {"for_stamps": False}), ("ended", {"ended": True})):
            stranger = authority.found(tmp_path / name, **made)
            try:
                bundle = stamped(BUNDLE, stranger)
            except subprocess.CalledProcessError:
                assert name == "web"  # openssl itself does not stamp with it
                continue
            roots = known if name == "other" else stranger
            with pytest.raises(VerificationError, match="does not hold"):
                timestamp.stamp_of(bundle, Authorities.read(roots.roots))

    def test_moved_to_another_signature(self, known: Authority) -> None:
        """A stamp of one bundle in another, however it got there."""
        _, (reply,) = dsse.stamps(stamped(BUNDLE, known))
        with pytest.raises(VerificationError, match="another signature"):
            stamps.attach(OTHER_BUNDLE, reply)
        with pytest.raises(VerificationError, match="does not hold"):
            timestamp.stamp_of(dsse.stamped(OTHER_BUNDLE, reply), Authorities.read(known.roots))

    def test_an_answer_to_another_request(self, known: Authority) -> None:
        """The nonce tells an old answer from a new one."""
        asked = stamps.request(dsse.stamps(BUNDLE)[0])
        with pytest.raises(VerificationError, match="nonce"):
            stamps.attach(BUNDLE, known.reply(asked.der), nonce=asked.nonce + 1)

    def test_a_refusal(self, known: Authority) -> None:
        """An authority that does not know the policy says no, and that is no stamp."""
        asked = stamps.request(dsse.stamps(BUNDLE)[0], "1.2.3.9")
        with pytest.raises(VerificationError, match="refused"):
            stamps.attach(BUNDLE, known.reply(asked.der))

    @pytest.mark.parametrize("reply", [b"", b"\x30\x00", b"<html>", b"\x30\x82\x01\x00" + b"\x00" * 256])
    def test_what_is_no_reply(self, known: Authority, reply: bytes) -> None:
        """Garbage is refused where it comes in, and where it is found."""
        with pytest.raises(VerificationError):
            stamps.attach(BUNDLE, reply)
        with pytest.raises(VerificationError):
            timestamp.stamp_of(dsse.stamped(BUNDLE, reply), Authorities.read(known.roots))

    def test_every_eleventh_byte_changed(self, known: Authority) -> None:
        """Of the authority's reply no byte that says anything can change.

        A few bytes of the wrapping are not signed, such as the certificates that travel along; a reply that still verifies
        after a change gives the same time as before.
        """
        signature, (reply,) = dsse.stamps(stamped(BUNDLE, known))
        roots = Authorities.read(known.roots)
        whole, refused = timestamp.check(signature, reply, roots), 0
        places = range(0, len(reply), 11)
        for index in places:
            changed = bytearray(reply)
            changed[index] ^= 1
            try:
                assert timestamp.check(signature, bytes(changed), roots) == whole
            except VerificationError:
                refused += 1
        assert refused > 0.5 * len(places)

    @pytest.mark.parametrize("text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n"])
    def test_roots_that_are_none(self, tmp_path: Path, text: str) -> None:
        """Believing nobody is a mistake, not a setting."""
        (tmp_path / "roots.pem").write_text(text)
        with pytest.raises(InputError, match="no PEM certificate"):
            Authorities.read(tmp_path / "roots.pem")


class TestAsking:
    """Over HTTP."""

    def test_it_stamps_what_is_signed(self, known: Authority) -> None:
        """One round trip; a bundle that has a stamp is left alone, so that a test run again gives the same bytes."""
        with authority.serving(known) as url:
            ask = stamps.asking(url, Authorities.read(known.roots))
            bundle = ask(BUNDLE)
            assert ask(bundle) == bundle
        assert timestamp.stamp_of(bundle, Authorities.read(known.roots))

    def test_it_believes_only_the_named_roots(self, known: Authority, tmp_path: Path) -> None:
        """With roots named, an answer by somebody else is refused at once."""
        stranger = authority.found(tmp_path / "stranger")
        with authority.serving(stranger) as url, pytest.raises(VerificationError, match="does not hold"):
            stamps.asking(url, Authorities.read(known.roots))(BUNDLE)

    @pytest.mark.parametrize(
        ("how", "said"),
        [("fails", "HTTP status 500"), ("points", "HTTP status 302"), ("slow", "did not answer within"), ("long", "too long")],
    )
    def test_an_authority_that_fails_is_one_line(self, known: Authority, how: str, said: str) -> None:
        """Errors, redirects, silence and floods; nothing is followed, and nothing is waited for beyond the limit."""
        with authority.serving(known, how) as url, pytest.raises(TimestampError, match=said):
            stamps.asking(url, timeout=0.2)(BUNDLE)

    def test_an_answer_that_is_garbage(self, known: Authority) -> None:
        """A proxy's page in place of a stamp."""
        with authority.serving(known, "garbage") as url, pytest.raises(VerificationError, match="not a time stamp"):
            stamps.asking(url)(BUNDLE)

    def test_nobody_there(self) -> None:
        """A closed port."""
        with pytest.raises(TimestampError, match="can't be reached"):
            stamps.asking("http://127.0.0.1:1/tsa", timeout=2)(BUNDLE)

    @pytest.mark.parametrize(
        "url", ["", "file:///etc/passwd", "ftp://example.org", "example.org", "http://", "http:///x", "http://["]
    )
    def test_only_http(self, url: str) -> None:
        """No file, no other protocol."""
        with pytest.raises(InputError, match="not the address"):
            stamps.asking(url)


class TestVerify:
    """`auscult verify` on a dossier with stamps."""

    def dossier(self, sealed: object, seal_again: Callable[..., None], by: Authority, names: tuple[str, ...]) -> Path:
        """A made-up dossier with stamps on some of its files, in that order, and sealed again."""
        folder: Path = sealed[0]  # type: ignore[index]
        for number, name in enumerate(names):
            time.sleep(1.1 if number else 0)
            files.write(folder / name, stamped(files.read(folder / name), by))
        seal_again(folder, sealed[1])  # type: ignore[index]
        return folder

    def run(self, folder: Path, *arguments: object) -> int:
        """Run the command as of a time at which the made-up certificate is in force."""
        return auscult.main(["verify", str(folder), "--at", "2026-12-01", *map(str, arguments)])

    def test_it_says_when_the_protocol_was_signed(
        self,
        sealed: object,
        seal_again: Callable[..., None],
        known: Authority,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """The verified times are printed, and that the plan's is the earlier one; without roots they are not believed."""
        folder = self.dossier(sealed, seal_again, known, ("protocol.json", "certificate.json"))
        (tmp_path / "key.pub").write_bytes(keys.public_pem(keys.public(sealed[1])))  # type: ignore[index]
        assert self.run(folder, "--trust", tmp_path / "key.pub", "--tsa-roots", known.roots) == 0
        said = capsys.readouterr().out
        assert "the protocol was signed by 20" in said
        assert "the protocol's stamp is the earlier one" in said
        assert self.run(folder, "--trust", tmp_path / "key.pub", "--json") == 0
        assert "were not checked" in json.loads(capsys.readouterr().out)["steps"][-1]
        assert self.run(folder, "--trust", tmp_path / "key.pub", "--tsa-policy", POLICY) == 2
        assert self.run(folder, "--trust", tmp_path / "key.pub", "--tsa-roots", known.roots, "--tsa-policy", OTHER_POLICY) == 1

    def trusting(self, sealed: object, place: Path, **window: str) -> Path:
        """A trust folder with the key of a dossier, which counts in a window only."""
        key = keys.public(sealed[1])  # type: ignore[index]
        files.write(place / "trust" / "key.pub", keys.public_pem(key))
        files.write(place / "trust" / "keys.json", json.dumps({keys.key_id(key): window}).encode())
        return place / "trust"

    def test_a_stamp_after_the_end_of_the_key_fails(
        self,
        sealed: object,
        seal_again: Callable[..., None],
        known: Authority,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """The date inside lies in the window, the authority saw the signature later: the date may be a date back."""
        folder = self.dossier(sealed, seal_again, known, ("protocol.json", "certificate.json"))
        ended = self.trusting(sealed, tmp_path, notAfter="2026-11-02T00:00:00Z")
        assert self.run(folder, "--trust", ended, "--tsa-roots", known.roots) == 1
        assert "the protocol was time-stamped at 20" in (said := capsys.readouterr().err)
        assert "after the end of the key that signed it (2026-11-02T00:00:00+00:00)" in said
        later = moments.now() + timedelta(hours=1)
        counts = self.trusting(sealed, tmp_path, notAfter=moments.write(later))
        assert self.run(folder, "--trust", counts, "--tsa-roots", known.roots, "--json") == 0
        assert json.loads(capsys.readouterr().out)["warnings"] == []
        early = timestamp.Authorities.read(known.roots)
        bundles = [files.read(folder / name) for name in ("protocol.json", "certificate.json")]
        with pytest.raises(NotInForce, match="before the key that signed it counted"):
            timestamp.evidence(*bundles, early, Window(begins=later))

    def test_without_a_stamp_an_ended_key_dates_alone(
        self,
        sealed: object,
        seal_again: Callable[..., None],
        known: Authority,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """Said as a step and as a warning, for people and for machines; also looking back to before the key's end."""
        ended = self.trusting(sealed, tmp_path, notAfter="2026-11-20T00:00:00Z")
        folder: Path = sealed[0]  # type: ignore[index]
        said = "the protocol and the certificate are dated by the signer alone; the key ended on 2026-11-20T00:00:00+00:00"
        assert self.run(folder, "--trust", ended) == 0
        out, err = capsys.readouterr()
        assert f"8. {said}\n" in out
        assert f"warning: {said}\n" in err
        assert auscult.main(["verify", str(folder), "--at", "2026-11-10", "--trust", str(ended), "--json"]) == 0
        facts = json.loads(capsys.readouterr().out)
        assert facts["warnings"] == [said]
        assert facts["steps"][-1] == f"8. {said}"
        self.trusting(sealed, tmp_path, notAfter="2999-01-01T00:00:00Z")
        assert self.run(folder, "--trust", ended) == 0
        assert "alone" not in "".join(capsys.readouterr())

    def test_one_stamp_leaves_the_other_to_the_signer(
        self, sealed: object, known: Authority, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A stamped plan with an unstamped certificate: the ended key could have signed another certificate since."""
        folder: Path = sealed[0]  # type: ignore[index]
        plan, issued = stamped(files.read(folder / "protocol.json"), known), files.read(folder / "certificate.json")
        window = Window(ends=moments.now() + timedelta(hours=1))
        found = timestamp.evidence(plan, issued, Authorities.read(known.roots), window)
        later = moments.now() + timedelta(hours=2)
        assert found.warning(window, later).startswith("the certificate is dated by the signer alone; the key ended on")
        assert found.warning(window, moments.now()) == found.warning(Window(), later) == ""

    def test_an_absent_stamp_is_said(
        self, sealed: object, known: Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It is no failure: the time is then the issuer's word."""
        (tmp_path / "key.pub").write_bytes(keys.public_pem(keys.public(sealed[1])))  # type: ignore[index]
        assert self.run(sealed[0], "--trust", tmp_path / "key.pub", "--tsa-roots", known.roots) == 0  # type: ignore[index]
        assert capsys.readouterr().out.count("carries no time stamp") == 2

    def test_a_plan_that_was_stamped_last_is_refused(
        self,
        sealed: object,
        seal_again: Callable[..., None],
        known: Authority,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """The order of the stamps is the evidence, so the wrong order is a failure."""
        folder = self.dossier(sealed, seal_again, known, ("certificate.json", "protocol.json"))
        (tmp_path / "key.pub").write_bytes(keys.public_pem(keys.public(sealed[1])))  # type: ignore[index]
        assert self.run(folder, "--trust", tmp_path / "key.pub", "--tsa-roots", known.roots) == 1
        assert "stamped after the certificate" in capsys.readouterr().err

    def test_a_stamp_put_in_after_the_seal_breaks_it(self, sealed: object, known: Authority, tmp_path: Path) -> None:
        """Stamps are under the seal like all else."""
        folder: Path = sealed[0]  # type: ignore[index]
        (tmp_path / "key.pub").write_bytes(keys.public_pem(keys.public(sealed[1])))  # type: ignore[index]
        files.write(folder / "protocol.json", stamped(files.read(folder / "protocol.json"), known))
        assert self.run(folder, "--trust", tmp_path / "key.pub") == 1


def test_two_steps_by_files(known: Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where no network is: write the request, carry it, take the reply; a reply to another request is refused in one line."""
    path, asked, reply = (tmp_path / name for name in ("protocol.json", "protocol.tsq", "protocol.tsr"))
    path.write_bytes(BUNDLE)
    command = ["certify", "timestamp"]
    assert auscult.main([*command, "request", str(path), "--out", str(asked), "--tsa-policy", OTHER_POLICY]) == 0
    reply.write_bytes(known.reply(asked.read_bytes()))
    attach = [*command, "attach", str(path), "--reply", str(reply)]
    assert auscult.main([*attach, "--request", str(asked), "--tsa-roots", str(known.roots)]) == 0
    assert "checked against the roots" in capsys.readouterr().out
    found = timestamp.stamp_of(path.read_bytes(), Authorities.read(known.roots))
    assert found is not None
    assert found.policy == OTHER_POLICY
    path.write_bytes(OTHER_BUNDLE)
    assert auscult.main(attach) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert path.read_bytes() == OTHER_BUNDLE


def test_the_page_s_lines_check_a_stamp(known: Authority, tmp_path: Path) -> None:
    """The shell lines of the documentation say yes to a stamped protocol, and no under another root."""
    page = (Path(auscult.__file__).parent / "docs" / "attestation.md").read_text()
    (block,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    (tmp_path / "protocol.json").write_bytes(stamped(BUNDLE, known))
    other = authority.found(tmp_path / "other")
    for root, answer in ((known.roots, "Verification: OK"), (other.roots, "Verification: FAILED")):
        (tmp_path / "tsa-root.pem").write_bytes(root.read_bytes())
        done = subprocess.run(["sh", "-c", block], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert answer in done.stdout + done.stderr
        assert "Time stamp: " in done.stdout
