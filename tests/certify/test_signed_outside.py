"""A whole dossier with a key on a token and time stamps: it verifies, and testing again keeps what was signed."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import auscult
from certify import hiding, recompute
from certify import timestamp as stamps
from guard import certificate, dossier, dsse, files, keys, protocol, signing
from guard.errors import DigestMismatch, InputError
from guard.timestamp import Authorities
from guard.trust import Trust

from . import authority
from .conftest import World, contents, run_trial

URI = "pkcs11:token=auscult;object=issuer"


def again_by(folder: Path, key: keys.SigningKey, stamp: stamps.Stamping) -> None:
    """Sign the protocol of a prepared dossier anew, with another key: the rows of its test stay those that it plans."""
    payload = dsse.open_bundle(files.read(folder / "protocol.json"), protocol.PREDICATE).payload
    files.write(folder / "protocol.json", stamp(dsse.sign(payload, key)))
    files.write(folder / dossier.ISSUER, keys.public_pem(keys.public(key)))


@pytest.mark.softhsm
def test_a_token_and_an_authority(
    world: World,
    copied: Callable[[str], Path],
    token: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Signed by a token, stamped at both ends, sealed; and again, without the authority, with the same bytes."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    key, folder = signing.open_key(URI, token), copied("prepared")
    tsa = authority.found(tmp_path / "tsa")
    with authority.serving(tsa) as url:
        ask = stamps.asking(url, Authorities.read(tsa.roots))
        again_by(folder, key, ask)
        run_trial(world, folder, key=key, stamp=ask)
    first = contents(folder)
    run_trial(world, folder, key=key)
    assert contents(folder) == first

    public = keys.public(key)
    opened = dossier.open_sealed(folder, Trust({keys.key_id(public): public}))
    assert all(one.stated == one.derived for one in recompute.recompute(opened))
    (tmp_path / "issuer.pub").write_bytes(keys.public_pem(public))
    command = ["verify", str(folder), "--trust", str(tmp_path / "issuer.pub"), "--at", opened.certificate.not_before]
    capsys.readouterr()
    assert auscult.main([*command, "--tsa-roots", str(tsa.roots), "--json"]) == 0
    steps = json.loads(capsys.readouterr().out)["steps"]
    for name in ("protocol", "certificate"):
        assert any(f"the {name} was signed by 20" in step for step in steps)
    assert first["certificate.json"].decode() in first["report.html"].decode()


def test_a_stamp_by_files_is_kept_by_the_next_test(world: World, copied: Callable[[str], Path], tmp_path: Path) -> None:
    """Attached to a sealed dossier's certificate it breaks the seal; testing again seals the stamped certificate."""
    from .made_up import KEY

    folder, tsa = copied("sealed"), authority.found(tmp_path / "tsa")
    path = folder / "certificate.json"
    before = path.read_bytes()
    path.write_bytes(stamps.attach(before, tsa.reply(stamps.request(dsse.stamps(before)[0]).der)))
    stamped = path.read_bytes()
    trust = Trust({keys.key_id(keys.public(KEY)): keys.public(KEY)})
    with pytest.raises(DigestMismatch):
        dossier.open_sealed(folder, trust)
    run_trial(world, folder)
    assert path.read_bytes() == stamped != before
    assert dossier.open_sealed(folder, trust).certificate == world.outcome.certificate


class TestKeep:
    """What is not signed anew."""

    KEY, OTHER = keys.generate(), keys.generate()

    def bundle(self, upper: str, key: keys.PrivateKey) -> bytes:
        """A signed certificate of sorts."""
        return dsse.sign(dsse.statement(certificate.PREDICATE, {"upper": upper}, {}), key)

    def test_only_the_same_words_by_the_same_key_are_kept(self) -> None:
        """A stamped bundle stays; another text, another key, a forged or garbled file gives way."""
        fresh = self.bundle("0.05", self.KEY)
        stamped = dsse.stamped(fresh, b"reply")
        public = keys.public(self.KEY)
        assert dsse.keep(stamped, fresh, public) == stamped
        signature = dsse.stamps(fresh)[0]
        forged = dsse._bundle(
            dsse.open_bundle(fresh, certificate.PREDICATE).payload, signature[:-1] + b"\x00", keys.key_id(public)
        )
        for other in (None, b"", self.bundle("0.06", self.KEY), self.bundle("0.05", self.OTHER), forged):
            assert dsse.keep(other, fresh, public) == fresh


class TestHiding:
    """The secret that hides the names of unseen families."""

    class Elsewhere:
        """A signer whose private half nobody sees."""

        def __init__(self) -> None:
            self.key = keys.generate()

        @property
        def public(self) -> keys.PublicKey:
            """The public half."""
            return keys.public(self.key)

        def sign(self, message: bytes) -> bytes:
            """Sign."""
            return keys.signer(self.key).sign(message)

    def test_a_token_s_is_made_once_and_kept_for_its_owner_only(self, tmp_path: Path) -> None:
        """It follows from nothing that is public, is the same each time, and differs from key to key."""
        one, other = self.Elsewhere(), self.Elsewhere()
        first = hiding.secret(one, tmp_path)
        assert hiding.secret(one, tmp_path) == first != hiding.secret(other, tmp_path)
        assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
        for path in tmp_path.iterdir():
            path.write_bytes(b"short")
        with pytest.raises(InputError, match="does not hold the secret"):
            hiding.secret(one, tmp_path)

    def test_that_of_a_key_file_follows_from_the_key(self, tmp_path: Path) -> None:
        """Nothing is kept, and the same key counts the same anywhere."""
        key: Any = keys.generate()
        assert hiding.secret(key, tmp_path) == hiding.secret(keys.signer(key), tmp_path / "elsewhere")
        assert list(tmp_path.iterdir()) == []
