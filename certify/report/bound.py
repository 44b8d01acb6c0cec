"""One bound as the reader sees it: in numbers and as a sentence."""

from __future__ import annotations

from dataclasses import dataclass

from certify.report import rounding, words
from certify.report.tongue import ENGLISH, Tongue
from guard.certificate import Bound
from guard.errors import VerificationError


@dataclass(frozen=True, slots=True)
class BoundView:
    """One bound, in numbers and words."""

    id: str
    """claim/lang/bucket/estimand: names the bound everywhere in the report."""
    bound: Bound
    """As signed."""
    where: str
    """Language and length in words."""
    frequency: str
    """Natural frequency, rounded up."""
    limit: str
    """The limit on the same base; "" where there is none."""
    lead: str
    """What stands before the frequency in its sentence."""
    tail: str
    """What stands after it."""
    status_sentence: str
    """What it shows about the limit."""
    uninformative: str
    """Why no result could have been useful; "" otherwise."""
    tongue: Tongue = ENGLISH
    """Language of the words, and of the marks in numbers."""

    @property
    def sentence(self) -> str:
        """The bound as one sentence."""
        return f"{self.lead} {self.frequency} {self.tail}"

    @property
    def short(self) -> str:
        """What it is about, in a few words."""
        return self.tongue.say(words.SHORT[self.bound.estimand])

    @property
    def upper(self) -> str:
        """Upper bound to four decimals, rounded up."""
        return self.tongue.digits(rounding.up(self.bound.upper))

    @property
    def lower(self) -> str:
        """Lower bound to four decimals, rounded down."""
        return self.tongue.digits(rounding.down(self.bound.lower))

    @property
    def mean(self) -> str:
        """Mean loss to four decimals."""
        return self.tongue.digits(rounding.near(self.bound.mean))

    @property
    def delta(self) -> str:
        """Share of the error budget."""
        return self.tongue.digits(rounding.short(self.bound.delta))

    @property
    def smallest(self) -> str:
        """Smallest bound that so many units can give, rounded up."""
        return self.tongue.digits(rounding.up(self.bound.smallest))

    @property
    def signed_limit(self) -> str:
        """The limit as signed; "" where there is none."""
        return self.tongue.digits(self.bound.limit)

    @property
    def unit(self) -> str:
        """Name of the unit."""
        return self.tongue.say(self.bound.unit)

    @property
    def method(self) -> str:
        """Name of the method."""
        return words.METHODS.get(self.bound.method, self.bound.method)


def bound_view(
    name: str, bound: Bound, where: str, plain: str, level: str, reference: str, tongue: Tongue = ENGLISH
) -> BoundView:
    """Put one bound into words.

    Raises:
        VerificationError: Its status does not follow from its numbers.
    """
    if bound.status != words.expected_status(bound):
        raise VerificationError(f"the status of {name}/{bound.estimand} does not follow from its bound and limit")
    return BoundView(
        id=f"{name}/{bound.estimand}",
        bound=bound,
        where=where,
        frequency=words.frequency(bound, tongue),
        limit=words.limit_frequency(bound, tongue),
        lead=words.lead(bound, level, tongue),
        tail=words.tail(bound, plain, tongue),
        status_sentence=words.status_sentence(bound, tongue),
        uninformative=words.uninformative(bound, reference, tongue),
        tongue=tongue,
    )
