"""What a bound would become under another population or with errors in the answer key: closed forms, no claims.

Comes in: an upper bound U on an error rate p under the tested population P. Goes out: the worst rate over a set of
other populations Q. Each form grows with p, so U may stand for p. Without labels nobody can measure how far Q is from
P, so these are curves to read, not statements about a site.
"""

from __future__ import annotations

from guard.errors import ProtocolError


def contamination(upper: float, share: float) -> float:
    """Return the worst rate if `share` of the conversations are of a kind never tested: (1 - e) U + e.

    Raises:
        ProtocolError: An argument is not between 0 and 1.
    """
    _check_rate(upper, "the bound")
    _check_rate(share, "the share")
    return (1.0 - share) * upper + share


def total_variation(upper: float, distance: float) -> float:
    """Return the worst rate over populations within this total variation distance: min(1, U + e).

    Raises:
        ProtocolError: An argument is not between 0 and 1.
    """
    _check_rate(upper, "the bound")
    _check_rate(distance, "the distance")
    return min(1.0, upper + distance)


def likelihood_ratio(upper: float, most: float) -> float:
    """Return the worst rate if no kind of conversation is more than `most` times as frequent as tested: min(1, G U).

    Raises:
        ProtocolError: The bound is not between 0 and 1, or the ratio is below 1.
    """
    _check_rate(upper, "the bound")
    if not most >= 1.0:
        raise ProtocolError(f"a likelihood ratio of at most {most} is below 1, which no population has")
    return min(1.0, most * upper)


def breaking_ratio(upper: float, limit: float) -> float:
    """Return the over-representation G at which `likelihood_ratio` reaches `limit`; below 1 if U exceeds it already.

    Raises:
        ProtocolError: The bound is not above 0 and at most 1, or the limit is not between 0 and 1.
    """
    _check_rate(upper, "the bound")
    _check_rate(limit, "the limit")
    if upper == 0.0:
        raise ProtocolError("a bound of 0 has no breaking point")
    return limit / upper


def label_corrected(upper: float, label_error_upper: float) -> float:
    """Bound the rate on truly labelled rows, given a bound on the share of wrong labels: min(1, U / (1 - eta_U)).

    Holds for rows of one label, hazard by construction or benign, with the confidence of both bounds together: of the
    rows that are what they were labelled, at most p / (1 - eta) can be lost.

    Raises:
        ProtocolError: An argument is not between 0 and 1.
    """
    _check_rate(upper, "the bound")
    _check_rate(label_error_upper, "the share of wrong labels")
    return 1.0 if upper >= 1.0 - label_error_upper else upper / (1.0 - label_error_upper)


def _check_rate(value: float, what: str) -> None:
    if not 0.0 <= value <= 1.0:
        raise ProtocolError(f"{what} must be a number from 0 to 1, not {value}")
