"""Keys: in encrypted files that only their owner reads, and trusted only when the verifier names them."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from guard import keys
from guard.errors import InputError, OutputError, VerificationError

KEY = keys.generate()
PUBLIC = keys.public(KEY)
PASSWORD = b"correct horse"
OTHER_KINDS = [
    ec.generate_private_key(ec.SECP384R1()),
    ec.generate_private_key(ec.SECP256K1()),
    ed25519.Ed25519PrivateKey.generate(),
    rsa.generate_private_key(public_exponent=65537, key_size=1024),  # noqa: S505
]


def private_pem(key: object, encryption: serialization.KeySerializationEncryption) -> bytes:
    """Any private key as PEM."""
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def public_pem(key: object) -> bytes:
    """The public half of any private key as PEM."""
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def place(path: Path, data: bytes, mode: int = 0o600) -> Path:
    """Write a file with a mode."""
    path.write_bytes(data)
    path.chmod(mode)
    return path


def test_a_key_file_reads_back(tmp_path: Path) -> None:
    """The same key comes out, the file is encrypted, and only its owner can read it."""
    path = tmp_path / "keys" / "issuer.pem"
    keys.write_private(path, KEY, PASSWORD)
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"ENCRYPTED PRIVATE KEY" in path.read_bytes()
    assert keys.read_private(path, PASSWORD).private_numbers() == KEY.private_numbers()


@pytest.mark.parametrize("password", [b"wrong", b"correct horse ", b"\0"])
def test_a_wrong_password_opens_nothing(tmp_path: Path, password: bytes) -> None:
    """One line says what to check, and does not repeat the password."""
    keys.write_private(tmp_path / "key.pem", KEY, PASSWORD)
    with pytest.raises(InputError, match="cannot open the key") as caught:
        keys.read_private(tmp_path / "key.pem", password)
    assert "horse" not in str(caught.value)


@pytest.mark.parametrize(("password", "reason"), [(b"", "needs a password"), (b"x" * 5000, "too long")])
def test_a_key_is_never_written_without_a_good_password(tmp_path: Path, password: bytes, reason: str) -> None:
    """No password, or one that the format can't take: nothing is written."""
    with pytest.raises(InputError, match=reason):
        keys.write_private(tmp_path / "key.pem", KEY, password)
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_can_t_be_written_is_an_output_error(tmp_path: Path) -> None:
    """A place below a file is refused in our words."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError):
        keys.write_private(tmp_path / "file" / "key.pem", KEY, PASSWORD)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o610])
def test_a_key_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    """Readable by the group or by all: the remedy is the command to run."""
    keys.write_private(tmp_path / "key.pem", KEY, PASSWORD)
    (tmp_path / "key.pem").chmod(mode)
    with pytest.raises(InputError, match="chmod 600"):
        keys.read_private(tmp_path / "key.pem", PASSWORD)


@pytest.mark.parametrize("password", [b"", PASSWORD])
def test_a_key_that_is_not_encrypted_is_refused(tmp_path: Path, password: bytes) -> None:
    """A plain key file does not become good by its mode."""
    place(tmp_path / "key.pem", private_pem(KEY, serialization.NoEncryption()))
    with pytest.raises(InputError):
        keys.read_private(tmp_path / "key.pem", password)


@pytest.mark.parametrize("other", OTHER_KINDS, ids=lambda key: type(key).__name__)
def test_only_p256_signs_and_verifies(tmp_path: Path, other: object) -> None:
    """Another curve or another kind of key is refused on both sides."""
    place(tmp_path / "key.pem", private_pem(other, serialization.BestAvailableEncryption(PASSWORD)))
    with pytest.raises(InputError, match="not an ECDSA P-256 key"):
        keys.read_private(tmp_path / "key.pem", PASSWORD)
    with pytest.raises(VerificationError, match=r"other\.pem is not an ECDSA P-256 key"):
        keys.read_public(public_pem(other), "other.pem")


@pytest.mark.parametrize("data", [b"", b"no key", b"\xff\xfe", keys.public_pem(PUBLIC)[:100]])
def test_what_is_no_key_is_refused(tmp_path: Path, data: bytes) -> None:
    """Empty, garbled or cut files are our errors, as private and as public keys."""
    place(tmp_path / "key.pem", data)
    with pytest.raises(InputError):
        keys.read_private(tmp_path / "key.pem", PASSWORD)
    with pytest.raises(VerificationError, match="not a PEM public key"):
        keys.read_public(data)


@pytest.mark.parametrize("name", ["missing.pem", "."])
def test_a_missing_key_is_an_input_error(tmp_path: Path, name: str) -> None:
    """A file that is not there, or a folder, is said in one line."""
    with pytest.raises(InputError, match="cannot read"):
        keys.read_private(tmp_path / name, PASSWORD)


def test_a_private_key_is_no_public_key() -> None:
    """Trusting a private key file by mistake is refused."""
    with pytest.raises(VerificationError):
        keys.read_public(private_pem(KEY, serialization.NoEncryption()))


def test_key_id_is_what_openssl_computes(tmp_path: Path) -> None:
    """The id is the SHA-256 of the DER form, so that anyone can compare it by hand."""
    (tmp_path / "key.pub").write_bytes(keys.public_pem(PUBLIC))
    command = ["openssl", "pkey", "-pubin", "-in", str(tmp_path / "key.pub"), "-outform", "DER"]
    der = subprocess.run(command, capture_output=True, check=True).stdout
    assert keys.key_id(PUBLIC) == "sha256:" + hashlib.sha256(der).hexdigest()


def test_openssl_opens_a_key_file(tmp_path: Path) -> None:
    """The private key is not locked into our software."""
    keys.write_private(tmp_path / "key.pem", KEY, PASSWORD)
    command = ["openssl", "pkey", "-in", str(tmp_path / "key.pem"), "-passin", "env:PW", "-pubout"]
    done = subprocess.run(command, capture_output=True, check=True, env={**os.environ, "PW": PASSWORD.decode()})
    assert done.stdout == keys.public_pem(PUBLIC)
