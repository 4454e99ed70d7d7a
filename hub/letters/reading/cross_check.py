"""What was read on a letter beside what its case says: every difference with both readings. Pure; advice, never a verdict."""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from hub.letters.reading.fields import LetterRead, PersonRead, read_fields
from hub.letters.reading.lines import Line
from hub.letters.report import Observation, note, warn
from hub.protocol.codes import Code

_MISREAD = 3  # places in which a number may differ and still be meant for the same one
_NOTHING = "—"
IsCitizenId = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Expected:
    """What the case says: (name, number) of each person, the issuing unit, the letter's number, between which days it was
    written; empty or None where the case does not say."""

    persons: tuple[tuple[str, str], ...]
    sender: str = ""
    letter_number: str = ""
    earliest: date | None = None
    latest: date | None = None


def cross_check(lines: Sequence[Line], expected: Expected, *, is_citizen_id: IsCitizenId) -> tuple[Observation, ...]:
    """Return every difference between the lines of a letter and its case, and a note when numbers and names agree.

    `is_citizen_id` judges a number's form and check digit: one that fails was probably misread.
    """
    read = read_fields(lines)
    text = _plain("".join(line.text for line in lines))
    about_persons = [*_numbers(read, expected, is_citizen_id), *_names(read, expected, text)]
    if not about_persons and expected.persons:
        about_persons.append(note(Code.READING_AGREES, n=len(expected.persons)))
    return (*about_persons, *_units(read, expected), *_dates(read, expected))


def _numbers(read: LetterRead, expected: Expected, is_citizen_id: IsCitizenId) -> Iterator[Observation]:
    wanted = {id18 for _, id18 in expected.persons}
    foreign = [person for person in read.persons if person.id18 not in wanted]
    there = {person.id18 for person in read.persons}
    for id18 in sorted(wanted - there):
        meant = min(foreign, key=lambda person: _distance(person.id18, id18), default=None)
        if meant is not None and _distance(meant.id18, id18) <= _MISREAD:
            foreign.remove(meant)
            yield warn(Code.READING_ID_DIFFERS, meant.page, expected=id18, read=meant.id18)
        else:
            yield warn(Code.READING_ID_MISSING, expected=id18)
    for person in foreign:
        graded = warn if is_citizen_id(person.id18) else note
        yield graded(Code.READING_ID_FOREIGN, person.page, read=person.id18)


def _names(read: LetterRead, expected: Expected, text: str) -> Iterator[Observation]:
    by_number: dict[str, PersonRead] = {person.id18: person for person in read.persons}
    for name, id18 in expected.persons:
        person = by_number.get(id18)
        if person is None:
            continue
        beside = _plain(person.name)
        # On a template of somebody's own the name need not stand beside the number.
        if beside != _plain(name) and (beside or _plain(name) not in text):
            yield warn(Code.READING_NAME_DIFFERS, person.page, id18=id18, expected=name, read=person.name or _NOTHING)


def _units(read: LetterRead, expected: Expected) -> Iterator[Observation]:
    if expected.sender and read.sender and not _same_unit(read.sender, expected.sender):
        yield warn(Code.READING_SENDER_DIFFERS, expected=expected.sender, read=read.sender[:120])
    if expected.letter_number and read.letter_number and read.letter_number != expected.letter_number:
        yield warn(Code.READING_NUMBER_DIFFERS, expected=expected.letter_number, read=read.letter_number)


def _same_unit(read: str, expected: str) -> bool:
    # 桃州派出所 and 广德市公安局桃州派出所 are one unit, with and without what is above it.
    one, other = _plain(read), _plain(expected)
    return one.endswith(other) or other.endswith(one)


def _dates(read: LetterRead, expected: Expected) -> Iterator[Observation]:
    if not read.date or expected.earliest is None or expected.latest is None:
        return
    try:
        written = date.fromisoformat(read.date)
    except ValueError:
        written = None
    if written is None or not expected.earliest <= written <= expected.latest:
        yield warn(
            Code.READING_DATE_DIFFERS,
            read=read.date,
            earliest=expected.earliest.isoformat(),
            latest=expected.latest.isoformat(),
        )


def _distance(one: str, other: str) -> int:
    return sum(a != b for a, b in zip(one, other, strict=False)) + abs(len(one) - len(other))


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).replace("•", "·").replace("・", "·")
