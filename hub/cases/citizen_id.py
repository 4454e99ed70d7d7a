"""Citizen numbers (公民身份号码): form, birth date, check digit. An unknown division code is a warning, never a refusal.

Own twenty lines, because ready-made validators reject real numbers and accept births in the future (DOMAIN 2.3).
Source: GB 11643-1999; ISO 7064, MOD 11-2.
"""

import re
import unicodedata
from collections.abc import Container
from datetime import date
from operator import mul

import msgspec

from hub.protocol.codes import Code
from hub.protocol.errors import Refused

EARLIEST_BIRTH = date(1880, 1, 1)
_CANONICAL = re.compile(r"[0-9]{17}[0-9X]", re.ASCII)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ZEROS = 48 * sum(_WEIGHTS)
_CHECK_DIGITS = "10X98765432"
# What people type between groups of digits.
_SEPARATORS = str.maketrans({" ": None, "\t": None, "-": None, "\N{EN DASH}": None, "×": "X", "✕": "X", "*": "X"})


class CitizenId(msgspec.Struct, frozen=True):
    """A valid number in canonical form: 18 characters, upper-case X. `warnings` may hold W103 (unknown division)."""

    text: str
    area: str
    birth: date
    warnings: tuple[Code, ...] = ()

    @property
    def tail(self) -> str:
        """The last four characters, which officers compare and lists show."""
        return self.text[-4:]

    @property
    def masked(self) -> str:
        """The number for lists: division and last four characters only."""
        return f"{self.area}********{self.tail}"


def check_citizen_id(
    text: str, *, today: date, known_areas: Container[str] | None = None, field: str | None = None
) -> CitizenId:
    """Return the number that an officer typed, in canonical form.

    Full-width digits, lower-case x, spaces and hyphens are accepted. `today` is the date in Asia/Shanghai;
    `known_areas` holds the six-digit division codes of the directory (None: not compared).
    Raises: Refused (E102 for a birth date that does not exist, is before 1880 or after today; E101 for the rest).
    """
    return require_citizen_id(normalise(text), today=today, known_areas=known_areas, field=field)


def require_citizen_id(
    text: str, *, today: date, known_areas: Container[str] | None = None, field: str | None = None
) -> CitizenId:
    """Return the number, which must already stand in canonical form (as in signed bodies). Raises: as above."""
    if _CANONICAL.fullmatch(text) is None:
        raise Refused(
            Code.ID_CHECK_DIGIT, field=field, detail=f"{len(text)} characters, not 17 digits and a digit or X"
        )
    try:
        birth = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError as error:
        raise Refused(Code.ID_BIRTH_DATE, field=field) from error
    if not EARLIEST_BIRTH <= birth <= today:
        raise Refused(Code.ID_BIRTH_DATE, field=field)
    if text[17] != check_digit(text[:17]):
        raise Refused(Code.ID_CHECK_DIGIT, field=field)
    area = text[:6]
    unknown = known_areas is not None and area not in known_areas
    return CitizenId(text, area, birth, (Code.ID_AREA_UNKNOWN,) if unknown else ())


def check_digit(digits: str) -> str:
    """Return the 18th character that belongs to 17 `digits`. Source: GB 11643-1999; ISO 7064, MOD 11-2."""
    # Of the bytes themselves, b"0" being 48: a third of the time that int() of each digit takes.
    return _CHECK_DIGITS[(sum(map(mul, digits.encode("ascii"), _WEIGHTS)) - _ZEROS) % 11]


def normalise(text: str) -> str:
    """Return what was typed in half-width, upper-case characters without separators; it may still be wrong."""
    return unicodedata.normalize("NFKC", text).translate(_SEPARATORS).strip().upper()
