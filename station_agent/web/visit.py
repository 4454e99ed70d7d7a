"""What the officers' pages are asked and answer: the shared values, with the officer who has unlocked their own key."""

from hub.pages import visit as shared
from hub.pages.visit import (
    Answer,
    File,
    Html,
    Language,
    Redirect,
    Short,
    SignedIn,
    SignedOut,
    Upload,
)
from station_agent.people import Person

Visit = shared.Visit[Person]

__all__ = [
    "Answer",
    "File",
    "Html",
    "Language",
    "Redirect",
    "Short",
    "SignedIn",
    "SignedOut",
    "Upload",
    "Visit",
]
