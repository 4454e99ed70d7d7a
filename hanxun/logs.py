"""The services' log: one event a line, key=value or JSON, on stderr. For operators; the trail is for proof.

Our own events are words and `key=value` pairs without personal data. What a library or a fault has to say is cut down to its
first words and to where it happened: exceptions' texts may quote letters, rows or requests, so they are never written.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal

from hub.protocol.errors import HanxunError

Form = Literal["lines", "json"]
OURS = ("hub", "station_agent", "hanxun")
_PAIR = re.compile(r"(?:^| )([a-z_0-9]+)=")
_PLAIN = re.compile(r"[^\s\"=\\]+")
_MOST = 300


def set_up_logs(form: Form) -> None:
    """Write this process's log to stderr in that form. Also what Python itself warns of, and a fault that ends the process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(EventFormatter(form))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.captureWarnings(True)
    sys.excepthook = _crashed


class EventFormatter(logging.Formatter):
    """Formats records as the module says."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's one line."""
        fields = dict(_fields(record))
        if self._form == "json":
            return _json(fields, "".join(fields.values()))
        return " ".join(f"{key}={_quoted(value)}" for key, value in fields.items())


def _fields(record: logging.LogRecord) -> Iterator[tuple[str, str]]:
    yield "time", datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    yield "level", record.levelname.lower()
    yield "logger", record.name
    if record.name.partition(".")[0] in OURS:
        yield from _event(record.getMessage())
    else:
        # The template without its arguments: those may be a request or a letter.
        yield "event", str(record.msg).partition("\n")[0].partition("%")[0].partition(":")[0][:_MOST].strip()
    if record.exc_info and record.exc_info[1] is not None:
        yield from _fault(record.exc_info[1])


def _event(message: str) -> Iterator[tuple[str, str]]:
    """Take `words key=value key=more words` apart."""
    pairs = list(_PAIR.finditer(message))
    yield "event", message[: pairs[0].start()] if pairs else message
    ends = [*(pair.start() for pair in pairs[1:]), len(message)]
    for pair, end in zip(pairs, ends, strict=False):
        name = "said_" + pair[1] if pair[1] in ("time", "level", "logger", "event") else pair[1]
        yield name, message[pair.end() : end][:_MOST]


def _fault(error: BaseException) -> Iterator[tuple[str, str]]:
    yield "fault", type(error).__name__
    if isinstance(error, HanxunError):
        yield "code", error.code.value
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    yield "at", " < ".join(f"{_short(frame.filename)}:{frame.lineno}" for frame in reversed(frames))


def _short(path: str) -> str:
    return "/".join(path.rsplit("/", 3)[-2:])


def _quoted(value: str) -> str:
    return value if _PLAIN.fullmatch(value) and value.isprintable() else _json(value, value)


def _json(value: str | dict[str, str], text: str) -> str:
    # What is not printable, line separators among it, is escaped: nothing ends its line or plays with a terminal.
    return json.dumps(value, ensure_ascii=not text.isprintable())


def _crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("hanxun").critical("crashed", exc_info=(kind, error, trace))
