"""Printed pages: letters and reports by Typst, PDF/A-2b, with the font that ships. A character is never dropped."""

from hub.letters.printing.correction import CorrectionLetter, WrongItem, correction_from_body, print_correction
from hub.letters.printing.explanation import ExplanationLetter, MovedPerson, explanation_from_body, print_explanation
from hub.letters.printing.letter import Sheet, sheet_of
from hub.letters.printing.report import (
    PrintedCheck,
    PrintedEvent,
    PrintedFact,
    PrintedFile,
    PrintedReport,
    print_report,
)

__all__ = [
    "CorrectionLetter",
    "ExplanationLetter",
    "MovedPerson",
    "PrintedCheck",
    "PrintedEvent",
    "PrintedFact",
    "PrintedFile",
    "PrintedReport",
    "Sheet",
    "WrongItem",
    "correction_from_body",
    "explanation_from_body",
    "print_correction",
    "print_explanation",
    "print_report",
    "sheet_of",
]
