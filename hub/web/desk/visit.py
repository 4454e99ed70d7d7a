"""What the pages of the hub's desk are asked and answer: the shared values, with the administrator or auditor who is signed in."""

from hub.pages import visit as shared
from hub.pages.visit import Answer, File, Html, Redirect, Short
from hub.web.desk.officials import Official

Visit = shared.Visit[Official]

__all__ = ["Answer", "File", "Html", "Redirect", "Short", "Visit"]
