"""What a check of a data folder finds: a stable code with its text and remedy, and what exactly it is about."""

from dataclasses import dataclass
from enum import StrEnum

from hub.protocol.codes import Code
from hub.protocol.texts import Text, text_of


class FindingGrade(StrEnum):
    """`fault`: something acknowledged is touched. `note`: something left over that nobody needs."""

    FAULT = "fault"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: `subject` names it (digest, number, file), `detail` says how it is wrong; without personal data."""

    code: Code
    subject: str
    detail: str | None = None
    grade: FindingGrade = FindingGrade.FAULT

    @property
    def text(self) -> Text:
        """The meaning and what to do, Chinese and English."""
        return text_of(self.code)
