"""One tree of errors. A refusal to act is an exception; a question about evidence gets a verdict (`verdict.py`)."""

from collections.abc import Mapping

from hub.protocol.codes import Code
from hub.protocol.texts import Text, text_of


class HanxunError(Exception):
    """Any failure this program explains. `code` is stable and public; texts come in Chinese and English.

    `field` is a JSON pointer or a command-line option, or None; `detail` is a short technical addition without personal
    data; `values` fill the `{placeholders}` of the text.
    """

    status = 500

    def __init__(
        self,
        code: Code,
        *,
        field: str | None = None,
        detail: str | None = None,
        values: Mapping[str, object] | None = None,
    ) -> None:
        self.code = code
        self.field = field
        self.detail = detail
        self.values = dict(values or {})
        super().__init__(
            f"{code.value}: {self.text.en}" + (f" [{field}]" if field else "") + (f" ({detail})" if detail else "")
        )

    @property
    def text(self) -> Text:
        """The meaning and the remedy, Chinese and English, with values filled in."""
        return text_of(self.code).filled(self.values)


class Refused(HanxunError):
    """The input is understood and not accepted; nothing was stored. HTTP 4xx, exit code 1."""

    status = 422


class NotPermitted(Refused):
    """The caller is not allowed to do this, or is not who it says it is. HTTP 401 or 403."""

    status = 403


class Unavailable(HanxunError):
    """Not now: try again later, nothing is lost. HTTP 503."""

    status = 503


class Damaged(HanxunError):
    """Our own data is wrong: stop and say so. HTTP 500."""

    status = 500
