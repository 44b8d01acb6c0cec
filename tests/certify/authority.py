"""A time-stamping authority of our own: a root, a certificate for time stamping, and `openssl ts` behind a loopback server."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

POLICY = "1.2.3.4.1"
OTHER_POLICY = "1.2.3.4.5"
_CONFIG = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
certs = {folder}/root.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
ess_cert_id_alg = sha256
default_policy = 1.2.3.4.1
other_policies = 1.2.3.4.5
digests = sha256
accuracy = secs:1
"""


@dataclass(frozen=True)
class Authority:
    """An authority in a folder."""

    folder: Path
    """With its keys, certificates and configuration."""

    @property
    def roots(self) -> Path:
        """Its root certificate."""
        return self.folder / "root.pem"

    def reply(self, request: bytes) -> bytes:
        """Answer a request."""
        (self.folder / "asked.tsq").write_bytes(request)
        command = ["openssl", "ts", "-reply", "-config", "ts.cnf", "-queryfile", "asked.tsq", "-out", "answer.tsr"]
        subprocess.run(command, cwd=self.folder, capture_output=True, check=True)
        return (self.folder / "answer.tsr").read_bytes()


def found(folder: Path, *, for_stamps: bool = True, ended: bool = False) -> Authority:
    """Make an authority; its certificate may be for something else, or have ended."""
    folder.mkdir(parents=True)
    root_key, tsa_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _certificate("Test root", root_key, None, root_key, ())
    usage = ExtendedKeyUsageOID.TIME_STAMPING if for_stamps else ExtendedKeyUsageOID.SERVER_AUTH
    tsa = _certificate("Test authority", tsa_key, root, root_key, (x509.ExtendedKeyUsage([usage]),), ended=ended)
    for name, one in (("root.pem", root), ("tsa.pem", tsa)):
        (folder / name).write_bytes(one.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "tsa.key").write_bytes(tsa_key.private_bytes(*plain))
    (folder / "ts.cnf").write_text(_CONFIG.format(folder=folder))
    (folder / "serial").write_text("01\n")
    return Authority(folder)


def _certificate(
    name: str, key: Any, issuer: x509.Certificate | None, signing: Any, more: tuple[Any, ...], *, ended: bool = False
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=-1 if ended else 30))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    for one in more:
        builder = builder.add_extension(one, critical=True)
    return builder.sign(signing, hashes.SHA256())


@contextmanager
def serving(authority: Authority, how: str = "answers") -> Iterator[str]:
    """Serve an authority on this machine, as it should be or in a way that fails; yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/timestamp-query"
            answers = {"answers": lambda: authority.reply(body), "garbage": lambda: b"<html>", "long": lambda: b"x" * (1 << 21)}
            if how == "slow":
                time.sleep(0.6)
            self.send_response({"fails": 500, "points": 302}.get(how, 200))
            if how == "points":
                self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()
            self.wfile.write(answers.get(how, lambda: b"")())

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *arguments: object) -> None:
            """A client that hung up is what some tests want."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/tsa"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
