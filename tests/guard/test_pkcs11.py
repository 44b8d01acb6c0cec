"""Keys on tokens: named by a URI, opened by a PIN from the environment, and never a word of either secret."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from guard import checkpoint, digest, dsse, keys, pkcs11, signing
from guard.errors import AuscultError, InputError
from guard.pkcs11 import Place

PIN = "73519824"
KIND = "urn:auscult:test:v1"
PAYLOAD = dsse.statement(KIND, {"upper": "0.05"}, {"model": digest.of_bytes(b"model")})
URI = "pkcs11:token=auscult;object=issuer"


class TestUri:
    """The subset of RFC 7512 that names one key."""

    @pytest.mark.parametrize(
        ("uri", "place"),
        [
            ("pkcs11:object=issuer", Place(None, None, "issuer")),
            (URI, Place("auscult", None, "issuer")),
            ("pkcs11:token=A%20b%3Bc;id=%01%ff", Place("A b;c", None, None, b"\x01\xff")),
            ("pkcs11:serial=0a1b;object=s%C3%B8ren;type=private", Place(None, "0a1b", "søren")),
        ],
    )
    def test_it_is_read(self, uri: str, place: Place) -> None:
        """Escapes, bytes and the order of parts."""
        assert pkcs11.place_of(uri) == place

    @pytest.mark.parametrize(
        "uri",
        [
            "pkcs11:", "pkcs11:token=auscult", "pkcs11:object", "pkcs11:object=", "pkcs11:object=a;object=b",
            "pkcs11:object=a;slot-id=1", "pkcs11:object=a;type=cert", "pkcs11:object=%zz", "pkcs11:object=%ff",
            "pkcs11:object=a?pin-value=73519824", "pkcs11:object=a?module-path=/lib/x.so", "pkcs11:id=;token=a",
        ],
    )  # fmt: skip
    def test_anything_else_is_refused(self, uri: str) -> None:
        """No key named, a part twice or unknown, broken escapes; a PIN in it, which is not repeated."""
        with pytest.raises(InputError) as caught:
            pkcs11.place_of(uri)
        assert PIN not in str(caught.value)

    @pytest.mark.parametrize(
        ("environment", "said"),
        [
            ({}, "no PKCS#11 library"),
            ({"AUSCULT_PKCS11_MODULE": "/nowhere.so", "AUSCULT_PKCS11_PIN": PIN}, "no PKCS#11 library"),
            ({"AUSCULT_PKCS11_MODULE": __file__}, "no PIN"),
            ({"AUSCULT_PKCS11_MODULE": __file__, "AUSCULT_PKCS11_PIN": PIN}, "the token failed"),
        ],
    )
    def test_what_the_environment_lacks_is_said(self, environment: dict[str, str], said: str) -> None:
        """Library, PIN, or a file that is no library."""
        with pytest.raises(InputError, match=said):
            signing.open_key(URI, environment)

    def test_a_path_is_a_file(self, tmp_path: Path) -> None:
        """What does not begin with pkcs11: is a key file, as before."""
        key = keys.generate()
        keys.write_private(tmp_path / "issuer.pem", key, b"a password")
        opened = signing.open_key(tmp_path / "issuer.pem", {"AUSCULT_KEY_PASSWORD": "a password"})
        assert dsse.sign(PAYLOAD, opened) == dsse.sign(PAYLOAD, key)


@pytest.mark.softhsm
class TestToken:
    """A real PKCS#11 library."""

    def test_it_signs_what_all_verify(self, token: dict[str, str], tmp_path: Path) -> None:
        """DER, the smaller s, the token's own public key: our verifier accepts it, and so does openssl."""
        key = signing.open_key(URI, token)
        public = keys.public(key)
        for _ in range(8):
            assert dsse.verify(dsse.sign(PAYLOAD, key), {keys.key_id(public): public}, KIND).payload == PAYLOAD
        note = checkpoint.sign("example.org/log", 0, bytes(32), key)
        assert checkpoint.read(note, {keys.key_id(public): public}).size == 0
        for name, data in (("text", b"text"), ("sig", keys.signer(key).sign(b"text")), ("key", keys.public_pem(public))):
            (tmp_path / name).write_bytes(data)
        command = ["openssl", "dgst", "-sha256", "-verify", "key", "-signature", "sig", "text"]
        assert "Verified OK" in subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    def test_its_signatures_differ_each_time(self, token: dict[str, str]) -> None:
        """Unlike those of a key file; so a bundle that says the same is kept, and not signed anew."""
        key = signing.open_key(URI, token)
        first, second = dsse.sign(PAYLOAD, key), dsse.sign(PAYLOAD, key)
        assert first != second
        assert dsse.keep(first, second, keys.public(key)) == first

    def test_a_key_is_found_by_its_id_too(self, token: dict[str, str]) -> None:
        """Label or id, with or without the token's name."""
        by_label, by_id = (signing.open_key(uri, token) for uri in (URI, "pkcs11:token=auscult;id=%01"))
        assert keys.key_id(keys.public(by_label)) == keys.key_id(keys.public(by_id))

    @pytest.mark.parametrize(
        ("uri", "changes", "said"),
        [
            (URI, {"AUSCULT_PKCS11_PIN": "00000000"}, "refuses the PIN"),
            ("pkcs11:token=another;object=issuer", {}, "no such token"),
            ("pkcs11:token=auscult;object=nobody", {}, "no elliptic private key"),
            ("pkcs11:token=auscult;id=%09", {}, "no elliptic private key"),
            ("pkcs11:token=auscult;object=twin", {}, "several keys"),
            ("pkcs11:token=auscult;object=large", {}, "not an ECDSA P-256 key"),
            ("pkcs11:token=auscult;object=rsa", {}, "no elliptic private key"),
        ],
    )
    def test_what_is_wrong_is_one_line(self, token: dict[str, str], uri: str, changes: dict[str, str], said: str) -> None:
        """PIN, token, key, or kind of key; no line holds a PIN."""
        with pytest.raises(AuscultError, match=said) as caught:
            signing.open_key(uri, token | changes)
        assert not {PIN, "00000000"} & set(str(caught.value).split())

    def test_a_token_that_goes_away_is_one_line(self, token: dict[str, str]) -> None:
        """Between opening and signing: another PIN, the key taken off, or a pair that is none."""
        key: Any = signing.open_key(URI, token)
        with pytest.raises(InputError, match="refuses the PIN"):
            replace(key, pin="00000000").sign(b"text")
        with pytest.raises(InputError, match="no elliptic private key"):
            replace(key, place=Place("auscult", None, "gone")).sign(b"text")
        with pytest.raises(InputError, match="do not belong together"):
            replace(key, public=keys.public(keys.generate())).sign(b"text")

    def test_it_does_not_print_its_pin(self, token: dict[str, str]) -> None:
        """Neither in a log line nor in a traceback's values."""
        assert PIN not in repr(signing.open_key(URI, token))

    def test_a_signature_is_over_the_sha256_of_the_message(self, token: dict[str, str]) -> None:
        """Checked with the library that the token knows nothing of."""
        key = keys.signer(signing.open_key(URI, token))
        key.public.verify(key.sign(b"message"), b"message", ec.ECDSA(hashes.SHA256()))
