"""The page of everything that goes wrong: what, and what to do next."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """A code with its text and remedy in the visitor's language."""

    code: str
    text: str
    remedy: str
