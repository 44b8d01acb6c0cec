"""The one error tree.

AuscultError                     exit 1   a check failed
├── InputError                   exit 2   what we were given can't be used
│   ├── RowError                          a line of a dataset
│   ├── PolicyError                       a policy file
│   ├── SubjectError                      a model that can't be loaded or hooked
│   └── OutputError                       a place that we can't write to
├── VerificationError            exit 1   a signed thing is not what it claims to be
│   ├── SignatureError                    the signature does not fit the bytes
│   ├── UnknownSigner                     intact, but by no key that the verifier trusts
│   ├── DigestMismatch                    a file is altered, added or missing
│   ├── NotInForce                        signed or used before its time, or after it
│   ├── Revoked                           withdrawn by its issuer
│   └── RolledBack                        older than one that was seen before
├── ProtocolError                exit 1   a rule of certification would be broken
├── CheckFailed                  exit 1   the certificate does not meet the policy
├── ScoringError                 exit 1   a monitor could not score
├── TimestampError               exit 1   a time-stamping authority gave no time stamp
├── StoreError                   exit 1   the audit store can't be read or written
└── RequestRefused                        a chat request that the guard does not serve
    ├── RateLimited                       because its key has asked too often
    └── UpstreamError                     or that the model behind it does not answer

Each error is one line that says what is wrong and what to do. Foreign exceptions are translated where they enter.
"""

from __future__ import annotations


class AuscultError(Exception):
    """Base of everything we raise on purpose."""

    exit_code = 1
    """What the `auscult` command exits with."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        """Say what is wrong and, if anything helps, what to do."""
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        """One line: the problem, then the remedy."""
        line = self.problem if not self.remedy else f"{self.problem}; {self.remedy}"
        return " ".join(line.split())


class InputError(AuscultError):
    """What we were given can't be used."""

    exit_code = 2


class RowError(InputError):
    """A line of a dataset is not in the documented row format."""


class PolicyError(InputError):
    """A policy is not valid."""


class SubjectError(InputError):
    """A model can't be loaded, or has no place to read activations from."""


class OutputError(InputError):
    """The place that we were told to write to can't be written."""


class VerificationError(AuscultError):
    """A signed document or a dossier is not what it claims to be."""


class SignatureError(VerificationError):
    """A signature does not fit the bytes that it stands on."""


class UnknownSigner(VerificationError):
    """The document is intact, but none of the trusted keys signed it."""


class DigestMismatch(VerificationError):
    """A file is altered, added or missing."""


class NotInForce(VerificationError):
    """A certificate or a key counts, but not at that time."""


class Revoked(VerificationError):
    """The issuer has withdrawn a certificate or a key."""


class RolledBack(VerificationError):
    """Intact and signed, but older than what was seen before in its place."""


class ProtocolError(AuscultError):
    """Going on would break a rule of the certification protocol."""


class CheckFailed(AuscultError):
    """The certificate does not meet what the policy demands."""


class ScoringError(AuscultError):
    """A monitor could not score a conversation."""


class TimestampError(AuscultError):
    """A time-stamping authority gave no time stamp."""


class StoreError(AuscultError):
    """The audit store can't be read or written; the guard then serves nothing."""


class RequestRefused(AuscultError):
    """A chat request that the guard does not serve; never carries a value from the request."""

    def __init__(self, problem: str, *, code: str, status: int = 400, param: str | None = None) -> None:
        """Name the OpenAI error `code`, the HTTP `status` and the request field at fault."""
        super().__init__(problem)
        self.code = code
        self.status = status
        self.param = param
        self.request = ""
        """Id in the audit trail, where there is one."""


class RateLimited(RequestRefused):
    """A key has asked too often."""

    def __init__(self, wait: int) -> None:
        """Name the seconds after which it may ask again."""
        super().__init__("this API key has asked too often", code="rate_limit_exceeded", status=429)
        self.wait = wait


class UpstreamError(RequestRefused):
    """The model behind the guard can't be reached, is late, or says what nobody can read; carries nothing of its words."""

    def __init__(self, problem: str, *, code: str = "upstream_error", status: int = 502) -> None:
        """Name the error `code` and the HTTP `status` that go out if nothing has been sent yet."""
        super().__init__(problem, code=code, status=status)
