"""TOML to a frozen struct: the whole file checked, unknown keys refused with the nearest known one."""

import difflib
import re
from typing import TypeVar

import msgspec

from hub.protocol.codes import Code
from hub.protocol.errors import Refused

T = TypeVar("T")


def decode_toml(raw: bytes, type: type[T], *, name: str, known: tuple[str, ...] = ()) -> T:
    """Return `raw` decoded as `type`; `name` is the file's name for the error, `known` the keys to suggest from.

    Raises: Refused (`config.invalid`) with the place and, for an unknown key, the nearest known key.
    """
    try:
        return msgspec.toml.decode(raw, type=type)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        detail = f"{name}: {error}"
        unknown = re.search(r"unknown field `([^`]+)`", str(error))
        if unknown and (near := difflib.get_close_matches(unknown.group(1), known, n=1)):
            detail += f" — 是否想写 / did you mean `{near[0]}`?"
        raise Refused(Code.CONFIG_INVALID, detail=detail) from error
