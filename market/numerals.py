"""Numbers as sentences, tables and drawings say them: few digits, never an exponent."""

import math
from decimal import Decimal

LARGEST_IN_DIGITS = 1e7  # from which a number is said in words
SMALLEST_IN_DIGITS = 1e-6  # below which it is
WORDS = (
    (1e15, "quadrillion"),
    (1e12, "trillion"),
    (1e9, "billion"),
    (1e6, "million"),
    (1.0, ""),
    (1e-9, "billionth"),
    (1e-12, "trillionth"),
)
MOST_IN_WORDS = 1e18  # said as being more than all below it
LEAST_GAP = 1e-8  # a share: smaller gaps are rounding
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def plain(value: float | str | None, digits: int = 4) -> str:
    """A number to so many digits, whole from there on; very large and very small ones in words.

    >>> plain(1234567.0), plain(0.0123456), plain(15.0), plain(99.6, 2), plain(-0.0), plain(float("nan"))
    ('1,234,567', '0.01235', '15', '100', '0', '–')
    >>> plain(5.234e7), plain(-5e-8), plain(1e-30), plain(-1e300), plain("none")
    ('52.34 million', '-50 billionths', '< 1 trillionth', '< -999 quadrillion', 'none')
    """
    if value is None or isinstance(value, str):
        return value or "–"
    if not math.isfinite(value):
        return "–" if value != value else str(float(value))
    rounded = float(f"{value:.{digits - 1}e}")
    if rounded == 0:
        return "0"
    if abs(rounded) >= MOST_IN_WORDS:
        return "> 999 quadrillion" if value > 0 else "< -999 quadrillion"
    if abs(rounded) < WORDS[-1][0]:
        return "< 1 trillionth" if value > 0 else "> -1 trillionth"
    if 10**digits <= abs(rounded) < LARGEST_IN_DIGITS:
        return f"{value:,.0f}"
    size, word = unit(rounded)
    number = format(Decimal(f"{rounded / size:.{digits - 1}e}").normalize(), ",f")
    return number + said(word, number)


def unit(value: float) -> tuple[float, str]:
    """(Size, word) of what a number is counted in, such as millions; (1.0, "") of ordinary ones."""
    size = abs(value)
    if SMALLEST_IN_DIGITS <= size < LARGEST_IN_DIGITS or size < WORDS[-1][0]:
        return 1.0, ""
    return next((size_of, word) for size_of, word in WORDS if size_of <= size)


def said(word: str, number: str) -> str:
    """The word behind a number, with its space: millions are said as one, parts as many."""
    return f" {word}{'s' if word.endswith('th') and number.lstrip('-') != '1' else ''}" if word else ""


def signed(value: float, digits: int = 4) -> str:
    """The same with its sign.

    >>> signed(99.6, 2), signed(-51.5), signed(0.0)
    ('+100', '-51.5', '0')
    """
    text = plain(value, digits)
    return f"+{text}" if value > 0 and text[0].isdigit() else text


def percent(share: float) -> str:
    """A share in per cent; 100 only of all, 0 only of none.

    >>> percent(1.0), percent(0.999999), percent(0.125), percent(0.0), percent(1e-9)
    ('100 %', '> 99.9 %', '12.5 %', '0 %', '< 0.1 %')
    """
    if 0 < share < 0.001 or 0.999 < share < 1:
        return "< 0.1 %" if share < 0.5 else "> 99.9 %"
    return f"{plain(100 * share, 3)} %"


def gap(share: float) -> str:
    """What somebody could still gain, a share, in per cent.

    >>> gap(0.0), gap(1.1e-14), gap(0.00123), gap(5.1)
    ('0 %', 'below 0.000001 %', '0.12 %', '510 %')
    """
    return "below 0.000001 %" if 0 < share < LEAST_GAP else f"{plain(100 * share, 2)} %"


def power(value: float) -> str:
    """A power of ten at a logarithmic axis.

    >>> power(1e-8), power(0.01), power(1000.0)
    ('10⁻⁸', '0.01', '1,000')
    """
    exponent = round(math.log10(value))
    return plain(value) if abs(exponent) <= 3 else f"10{str(exponent).translate(RAISED)}"


def clock(hour: float) -> str:
    """A clock hour as people write it.

    >>> clock(7.25), clock(24.0)
    ('07:15', '24:00')
    """
    minutes = round(60 * hour)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def clocks(begin: float, hours: float) -> str:
    """So many hours from a clock hour on.

    >>> clocks(23.0, 1.0)
    '23:00 – 24:00'
    """
    return f"{clock(begin)} – {clock(begin + hours)}"
