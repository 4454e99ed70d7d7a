"""The words of the officers' pages: `texts/*.toml` here, and those that both desks share."""

from collections.abc import Mapping

from hub.pages.wording import Word, words_of

PACKAGE = "station_agent.web"


def all_words() -> Mapping[str, Word]:
    """Return every text by `file.key`."""
    return words_of(PACKAGE)
