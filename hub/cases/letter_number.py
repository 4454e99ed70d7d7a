"""Letter numbers (函号): `皖公{机构代字}户函〔{year}〕{n}号`, one gapless counter per site and year, kept by the station agent."""

import re
from dataclasses import dataclass

from hub.protocol.codes import Code
from hub.protocol.errors import Refused

# At most six characters of 机构代字: Chinese characters only, so that a number reads one way.
_FORM = re.compile(r"皖公(?P<word>[\u4e00-\u9fff]{1,6})户函〔(?P<year>20[0-9]{2})〕(?P<n>[1-9][0-9]{0,5})号")


@dataclass(frozen=True, slots=True)
class LetterNumber:
    """A letter number's parts: the site's word, the year and the running number."""

    word: str
    year: int
    n: int

    def __str__(self) -> str:
        return f"皖公{self.word}户函〔{self.year}〕{self.n}号"


def make_letter_number(word: str, year: int, n: int) -> LetterNumber:
    """Return the number of the `n`-th letter of `year`. Raises: Refused (`letter.number_form`)."""
    return parse_letter_number(str(LetterNumber(word, year, n)))


def parse_letter_number(text: str, *, field: str | None = None) -> LetterNumber:
    """Return the parts of a letter number. Raises: Refused (`letter.number_form`)."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise Refused(Code.LETTER_NUMBER_FORM, field=field, values={"number": text[:40]})
    return LetterNumber(found["word"], int(found["year"]), int(found["n"]))
