"""A signature that PDF viewers check: over the whole file, with no change allowed, and beside the seal of the dossier."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import NameOID

import auscult
from certify.report import render
from certify.report.model import build
from certify.report.pdf import pades, sealed
from certify.report.pdf.render import pdf
from certify.report.sources import Digests, NotGiven
from guard import digest, dossier, files, keys, signing
from guard.errors import AuscultError, InputError, ProtocolError
from guard.keys import key_id, public, public_pem
from guard.trust import Trust
from tests.certify import made_up

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
PASSWORD = b"test only"
PAGE = (
    '<html lang="en"><head><title>T</title><style>@top-left { content: "a"; } @top-right { content: "b"; } '
    '@bottom-left { content: "c"; }</style></head><body><h1>T</h1><p>%s</p></body></html>'
)
BUNDLE = b'{"a": 1}'
AUTHORITY = ec.derive_private_key(11, ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.derive_private_key(12, ec.SECP256R1())
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def certificate(subject: str, key: Key, *, authority: bool) -> x509.Certificate:
    """A certificate of the test's own authority."""
    name = {one: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (subject, "Test authority")}
    usage = {
        "digital_signature": not authority, "content_commitment": not authority, "key_cert_sign": authority,
        "crl_sign": authority, "key_encipherment": False, "data_encipherment": False, "key_agreement": False,
        "encipher_only": False, "decipher_only": False,
    }  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(name[subject])
        .issuer_name(name["Test authority"])
        .public_key(key.public_key() if hasattr(key, "public_key") else key)
        .serial_number(1 if authority else 2)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
    )
    return builder.sign(AUTHORITY, hashes.SHA256())


ROOT = certificate("Test authority", AUTHORITY, authority=True)


def p12(key: Key = EC_KEY) -> bytes:
    """A signing certificate with its key."""
    own = certificate("Model safety", key, authority=False)
    return pkcs12.serialize_key_and_certificates(b"x", key, own, [ROOT], BestAvailableEncryption(PASSWORD))


@pytest.fixture(scope="module")
def plain() -> bytes:
    """A small PDF."""
    return pdf((PAGE % digest.of_bytes(BUNDLE)).encode(), BUNDLE, "2026-11-25T12:00:00Z")


@pytest.fixture
def pdfsig(tmp_path: Path) -> Callable[[bytes], str]:
    """Poppler's verdict on a signed file, with the test's authority trusted."""

    def judge(data: bytes) -> str:
        store = tmp_path / "store"
        if not store.exists():
            store.mkdir()
            (tmp_path / "root.pem").write_bytes(ROOT.public_bytes(Encoding.PEM))
            certutil = ["certutil", "-d", str(store)]
            subprocess.run([*certutil, "-N", "--empty-password"], check=True, capture_output=True)
            trusted = ["-A", "-n", "root", "-t", "C,C,C", "-i", str(tmp_path / "root.pem")]
            subprocess.run([*certutil, *trusted], check=True, capture_output=True)
        (tmp_path / "one.pdf").write_bytes(data)
        command = ["pdfsig", "-nssdir", str(store), str(tmp_path / "one.pdf")]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        return done.stdout

    return judge


@pytest.mark.pdfsig
@pytest.mark.parametrize("key", [EC_KEY, RSA_KEY], ids=["ecdsa", "rsa"])
def test_another_program_finds_the_signature_valid(plain: bytes, key: Key, pdfsig: Callable[[bytes], str]) -> None:
    """It is PAdES, covers the whole document, and its certificate leads to the authority."""
    said = pdfsig(pades.signed(plain, pades.identity(p12(key), PASSWORD), NOW))
    for line in ("Signature is Valid.", "Certificate is Trusted.", "Total document signed", "ETSI.CAdES.detached", "SHA-256"):
        assert line in said
    assert "Model safety" in said and "Nov 26 2026 09:00:00" in said


@pytest.mark.pdfsig
def test_a_flipped_byte_is_found(plain: bytes, pdfsig: Callable[[bytes], str]) -> None:
    """In the text, in the attached certificate's stream, and in what the signature added."""
    made = pades.signed(plain, pades.identity(p12(), PASSWORD), NOW)
    for place in (plain.index(b"stream\n") + 40, len(plain) // 2, len(plain) + 30):
        changed = made[:place] + bytes([made[place] ^ 1]) + made[place + 1 :]
        assert "Signature is Valid." not in pdfsig(changed)
    assert "Signature is Valid." in pdfsig(made)


def test_no_change_is_allowed_and_the_first_bytes_stay(plain: bytes) -> None:
    """A certifying signature at level 1, as an update behind the file as it was."""
    made = pades.signed(plain, pades.identity(p12(), PASSWORD), NOW)
    assert made.startswith(plain)
    added = made[len(plain) :]
    assert b"/DocMDP" in added and b"/P 1" in added and b"/ETSI.CAdES.detached" in added


@pytest.mark.parametrize("key", [EC_KEY, RSA_KEY], ids=["ecdsa", "rsa"])
def test_the_same_file_certificate_and_time_give_the_same_bytes(plain: bytes, key: Key) -> None:
    """No clock and no chance enter; another time gives another signature."""
    who = pades.identity(p12(key), PASSWORD)
    assert pades.signed(plain, who, NOW) == pades.signed(plain, who, NOW)
    assert pades.signed(plain, who, NOW) != pades.signed(plain, who, NOW + timedelta(seconds=1))


def test_metadata_stay_as_they_were(plain: bytes) -> None:
    """Signing changes no date, so the archive's two records of the metadata go on agreeing."""
    added = pades.signed(plain, pades.identity(p12(), PASSWORD), NOW)[len(plain) :]
    assert b"ModDate" not in added and b"xmp" not in added


@pytest.mark.parametrize(
    ("data", "password", "said"),
    [(b"no archive", PASSWORD, "can't be opened"), (p12(), b"wrong", "AUSCULT_PDF_PASSWORD")],
)
def test_a_certificate_that_can_t_be_opened_is_one_line(data: bytes, password: bytes, said: str) -> None:
    """Naming where the password comes from."""
    with pytest.raises(InputError, match=said):
        pades.identity(data, password)


def pem(key: Key = EC_KEY) -> bytes:
    """A signing certificate and the authority's, as PEM."""
    return b"".join(one.public_bytes(Encoding.PEM) for one in (certificate("Model safety", key, authority=False), ROOT))


@pytest.mark.pdfsig
def test_a_key_held_apart_signs_alike(plain: bytes, pdfsig: Callable[[bytes], str]) -> None:
    """The certificate as PEM, the key elsewhere: valid, trusted, over the whole file, and the same bytes again."""
    who = pades.identity_apart(pem(), EC_KEY)
    assert who.name == pades.identity(p12(), PASSWORD).name
    made = pades.signed(plain, who, NOW)
    assert pades.signed(plain, who, NOW) == made
    said = pdfsig(made)
    for line in ("Signature is Valid.", "Certificate is Trusted.", "Total document signed", "ETSI.CAdES.detached"):
        assert line in said


@pytest.mark.pdfsig
@pytest.mark.softhsm
def test_a_key_on_a_token_signs_the_pdf(
    copy: Path, token: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    pdfsig: Callable[[bytes], str],
) -> None:  # fmt: skip
    """By its URI; another key's certificate, a .p12 beside it, and a wrong PIN are one line each, and nothing is written."""
    for name, value in {**token, "AUSCULT_KEY_PASSWORD": "pw"}.items():
        monkeypatch.setenv(name, value)
    uri = "pkcs11:token=auscult;object=issuer"
    held = keys.signer(signing.open_key(uri)).public
    own = certificate("Model safety", held, authority=False)  # type: ignore[arg-type]
    files.write(copy.parent / "token.pem", own.public_bytes(Encoding.PEM) + ROOT.public_bytes(Encoding.PEM))
    files.write(copy.parent / "other.pem", pem())

    def sign(name: str) -> tuple[int, str]:
        words = {"--certificate": copy.parent / name, "--certificate-key": uri, "--key": copy.parent / "issuer.pem"}
        named = [str(word) for option in words.items() for word in option]
        code = auscult.main(["certify", "sign-pdf", str(copy), "--at", NOW.isoformat(), *named])
        return code, capsys.readouterr().err

    for name, problem in (("other.pem", "of another key"), ("hospital.p12", "is not PEM")):
        code, said = sign(name)
        assert (code, said.count("\n"), problem in said) == (2, 1, True)
    assert not (copy / "report.pdf").exists()
    assert sign("token.pem") == (0, "")
    signed = dossier.open_sealed(copy, TRUST).files["report.pdf"]
    assert "Signature is Valid." in pdfsig(signed) and "Certificate is Trusted." in pdfsig(signed)
    monkeypatch.setenv("AUSCULT_PKCS11_PIN", "00000000")
    code, said = sign("token.pem")
    assert (code, said.count("\n"), "00000000" in said) == (2, 1, False)


def test_a_certificate_without_its_key_is_refused() -> None:
    """A file of certificates alone can't sign."""
    alone = pkcs12.serialize_key_and_certificates(None, None, None, [ROOT], BestAvailableEncryption(PASSWORD))
    with pytest.raises(InputError, match="no key with its certificate"):
        pades.identity(alone, PASSWORD)


def test_what_can_t_be_signed_is_refused(plain: bytes) -> None:
    """A file that is signed already, none at all, and a time at which the certificate does not hold."""
    who = pades.identity(p12(), PASSWORD)
    with pytest.raises(InputError, match="signed already"):
        pades.signed(pades.signed(plain, who, NOW), who, NOW)
    with pytest.raises(InputError, match="can't be signed"):
        pades.signed(b"no PDF", who, NOW)
    with pytest.raises(InputError, match="holds from"):
        pades.signed(plain, who, NOW + timedelta(days=4000))


def test_without_pyhanko_the_error_says_what_to_install(plain: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line, naming the extra."""
    monkeypatch.setitem(sys.modules, "pyhanko.sign", None)
    with pytest.raises(InputError, match=r"auscult\[pades\]"):
        pades.signed(plain, pades.identity(p12(), PASSWORD), NOW)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed dossier with its report, and no PDF yet."""
    folder = tmp_path_factory.mktemp("made") / "dossier"
    plan = made_up.plan()
    losses = made_up.losses_of(plan)
    made_up.sealed(folder, plan, losses)
    opened = dossier.open_sealed(folder, None)
    bundle = opened.files["certificate.json"]
    data = build(
        opened.certificate, opened.protocol, taxonomy=made_up.TAXONOMY, signer=opened.signer, throwaway_key=False,
        digests=Digests(digest.of_bytes(bundle), opened.payload, opened.certificate.results), external=NotGiven(),
        bundle=bundle,
    )  # fmt: skip
    contents = {**opened.files, "report.html": render.html(data)}
    files.write(folder / "report.html", contents["report.html"])
    files.write(folder / "seal.json", sealed.issue.seal(contents, made_up.KEY))
    return folder


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """A copy of it, with the key file and the certificate beside it."""
    (tmp_path / "hospital.p12").write_bytes(p12())
    keys.write_private(tmp_path / "issuer.pem", made_up.KEY, b"pw")
    files.write(tmp_path / "trust" / "issuer.pem", public_pem(public(made_up.KEY)))
    return shutil.copytree(finished, tmp_path / "dossier")


TRUST = Trust({key_id(public(made_up.KEY)): public(made_up.KEY)})


def test_the_seal_covers_the_signed_pdf(copy: Path) -> None:
    """The dossier verifies before and after; nothing but the PDF and the seal changed, and doing it twice is refused."""
    before = dossier.open_sealed(copy, TRUST).files
    who = pades.identity(p12(), PASSWORD)
    sealed.sign(copy, made_up.KEY, who, NOW)
    after = dossier.open_sealed(copy, TRUST).files
    assert {name for name in after if after[name] != before.get(name)} == {"report.pdf", "seal.json"}
    assert after["report.pdf"].startswith(sealed.of_dossier(dossier.open_sealed(copy, TRUST)))
    with pytest.raises(InputError, match="signed already"):
        sealed.sign(copy, made_up.KEY, who, NOW)
    assert dossier.open_sealed(copy, TRUST).files == after


def test_only_the_issuer_can_seal_it_again(copy: Path) -> None:
    """Another key is refused before anything is written, and so is a dossier that was altered."""
    who = pades.identity(p12(), PASSWORD)
    with pytest.raises(ProtocolError, match="sealed by another key"):
        sealed.sign(copy, made_up.OTHER_KEY, who, NOW)
    assert not (copy / "report.pdf").exists()
    files.write(copy / "report.html", b"<p>altered</p>")
    with pytest.raises(AuscultError):
        sealed.sign(copy, made_up.KEY, who, NOW)
    assert not (copy / "report.pdf").exists()


def test_the_commands_make_and_sign_a_pdf(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both say what they did, in words and as JSON; the passwords come from the environment."""
    out = copy.parent / "out.pdf"
    made = ["certify", "pdf", str(copy), "--out", str(out), "--trust", str(copy.parent / "trust"), "--json"]
    assert auscult.main(made) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == {"file": str(out), "digest": digest.of_bytes(out.read_bytes()), "trusted": True}
    options = {"--certificate": copy.parent / "hospital.p12", "--key": copy.parent / "issuer.pem", "--at": NOW.isoformat()}
    sign = ["certify", "sign-pdf", str(copy), *(str(word) for option in options.items() for word in option)]
    monkeypatch.setenv("AUSCULT_KEY_PASSWORD", "pw")
    assert auscult.main(sign) == 2
    assert "set AUSCULT_PDF_PASSWORD" in capsys.readouterr().err
    monkeypatch.setenv("AUSCULT_PDF_PASSWORD", PASSWORD.decode())
    assert auscult.main(sign) == 0
    assert "signed by CN=Model safety, and the dossier is sealed again" in " ".join(capsys.readouterr().out.split())
    assert dossier.open_sealed(copy, TRUST).files["report.pdf"].startswith(out.read_bytes())
