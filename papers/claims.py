"""A claim of a paper, what we expect of it and why, and what our numbers say."""

from typing import NamedTuple

from engine.results.result import number
from market.numerals import plain

PASS, FAIL = "pass", "fail"


class Claim(NamedTuple):
    """A statement of a figure, tested.

    expected, verdict: "pass" or "fail"; reason: why it is expected to fail, or how it is to be read; numbers: {what:
    value}, what the verdict rests on.
    """

    figure: str
    text: str
    expected: str
    reason: str
    verdict: str
    numbers: dict


def judge(figure, text, holds, numbers, expected=PASS, reason=""):
    """The claim with its verdict, "pass" where it holds."""
    plain_numbers = {what: value if isinstance(value, int) else number(value) for what, value in numbers.items()}
    return Claim(figure, text, expected, reason, PASS if holds else FAIL, plain_numbers)


def claim_line(claim):
    """A claim on one line: verdict, the expected one where it differs from a pass, figure, text, numbers, reason.

    >>> claim_line(judge("fig05", "it falls", True, {"from": 2.0, "to": 1.0}))
    'pass  fig05  it falls: from 2, to 1'
    >>> claim_line(judge("fig06", "it rises", False, {"by": -1.0}, FAIL, "it does not"))
    'fail (expected)  fig06  it rises: by -1. Because: it does not.'
    """
    surprise = "" if claim.verdict == claim.expected == PASS else " (expected)"
    if claim.verdict != claim.expected:
        surprise = f" (NOT EXPECTED: {claim.expected})"
    numbers = ", ".join(f"{what} {plain(value, 6)}" for what, value in claim.numbers.items())
    reason = f". Because: {claim.reason}." if claim.reason else ""
    return f"{claim.verdict}{surprise}  {claim.figure}  {claim.text}: {numbers}{reason}"


def verdicts(claims):
    """How many claims pass, fail, and are not as expected, in words.

    >>> verdicts([judge("fig05", "it falls", True, {}), judge("fig06", "it rises", False, {})])
    '2 claims: 1 pass, 1 fail, 1 not as expected'
    """
    odd = sum(claim.verdict != claim.expected for claim in claims)
    passed = sum(claim.verdict == PASS for claim in claims)
    return f"{len(claims)} claims: {passed} pass, {len(claims) - passed} fail, {odd} not as expected"
