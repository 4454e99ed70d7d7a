"""JSON as this project accepts it: strict UTF-8, no duplicate keys, no floats, bounded depth and numbers (RFC 8259, I-JSON).

Looser readers disagree about such bytes, and two readers of one signed message must never disagree.
"""

import json
import re
from functools import lru_cache
from typing import Any, NoReturn, TypeVar

import msgspec

from hub.protocol.codes import Code
from hub.protocol.errors import Refused

MAX_DEPTH = 16
MAX_INTEGER = 2**53 - 1
T = TypeVar("T")


def parse_strict(raw: bytes) -> dict[str, Any]:
    """Return the JSON object in `raw`. Raises: Refused (`json.*`) for anything looser than the rules above."""
    if raw.startswith(b"\xef\xbb\xbf"):
        raise Refused(Code.JSON_SYNTAX, detail="byte order mark")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(Code.JSON_ENCODING, detail=f"byte {error.start}") from error
    if _nests_deeper(raw):
        raise Refused(Code.JSON_DEPTH, detail=f"> {MAX_DEPTH}")
    canonical = _read_canonical(raw)
    if canonical is not None:
        return canonical
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise Refused(Code.JSON_SYNTAX, detail=f"{error.msg}, character {error.pos}") from error
    if not isinstance(value, dict):
        raise Refused(Code.JSON_SYNTAX, detail="not an object")
    if "\\u" in text:  # strict UTF-8 cannot hold a surrogate; only an escape can
        _require_no_surrogates(value)
    return value


def decode_strict(raw: bytes, type: type[T]) -> T:
    """Return `raw` as `type`. Raises: Refused (`json.*`, or `json.schema` with the place that does not fit)."""
    canonical = _decode_canonical(raw, type)
    if canonical is not None:
        return canonical
    value = parse_strict(raw)
    try:
        return msgspec.convert(value, type=type, strict=True)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$")
        raise Refused(Code.JSON_SCHEMA, field=place.rstrip("`") or None, detail=message) from error


def decode_proved(raw: bytes, type: type[T]) -> T:
    """Return as `type` what `decode_strict` has accepted elsewhere; how it is written is not looked at again."""
    value: T = _decoder(type).decode(raw)  # type: ignore[arg-type]  # a class is hashable
    return value


def encode_json(value: object) -> bytes:
    """Return `value` as compact JSON, the form in which this project writes what it signs: keys of dicts sorted, fields of
    structs in their own order."""
    return _ENCODER.encode(value)


def _decode_canonical(raw: bytes, type: type[T]) -> T | None:
    # The form in which our own signers write, read in a third of the time. That writing it again gives the same bytes
    # proves it: no key twice (one would be lost), no escape or number spelled in two ways. None: look closely.
    if _nests_deeper(raw) or _has_long_number(raw):
        return None
    try:
        value: T = _decoder(type).decode(raw)  # type: ignore[arg-type]  # a class is hashable
        return value if _ENCODER.encode(value) == raw else None
    except (msgspec.DecodeError, UnicodeError, _Float):
        return None


def _read_canonical(raw: bytes) -> dict[str, Any] | None:
    # The same for any object, its keys in the order read; its depth is known to be bounded.
    if _has_long_number(raw):
        return None
    try:
        value = _CANONICAL_DECODER.decode(raw)
        return value if type(value) is dict and _PLAIN_ENCODER.encode(value) == raw else None
    except (msgspec.DecodeError, UnicodeError, _Float):
        return None


def _has_long_number(raw: bytes) -> bool:
    marks = raw.translate(_MARKS)
    return _LONG in marks or _LONG_NEGATIVE in marks


@lru_cache(maxsize=64)
def _decoder(type: Any) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(type, strict=True, float_hook=_refuse_float)


class _Float(ValueError):
    pass


def _refuse_float(text: str) -> NoReturn:
    raise _Float(text)


# Digits become 0 and what may stand before a number becomes a colon: a number of 16 digits or more is then one search away.
_MARKS = bytes.maketrans(b"123456789[,", b"000000000::")
_LONG, _LONG_NEGATIVE = b":" + b"0" * 16, b":-" + b"0" * 16
_CANONICAL_DECODER = msgspec.json.Decoder(float_hook=_refuse_float)
_PLAIN_ENCODER = msgspec.json.Encoder()  # keys in the order read
_ENCODER = msgspec.json.Encoder(order="deterministic")

# A string, whole; an unterminated one runs to the end (the parser refuses it later). Possessive: linear for any bytes.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"{}[]")
_ROUND = bytes.maketrans(b"{[}]", b"(())")


def _nests_deeper(raw: bytes) -> bool:
    # json recurses: the depth is bounded before it runs.
    if raw.count(b"{") + raw.count(b"[") <= MAX_DEPTH:
        return False
    brackets = _STRING.sub(b"", raw).translate(_ROUND, _NOT_BRACKETS)
    # Each round takes away the innermost level; what nests no deeper than the limit is gone after as many rounds.
    left = brackets
    for _ in range(MAX_DEPTH):
        left = left.replace(b"()", b"")
        if not left:
            return False
    depth = 0
    for byte in brackets:
        depth += 1 if byte == 0x28 else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Refused(Code.JSON_DUPLICATE_KEY)
    return value


def _no_number(text: str) -> NoReturn:
    raise Refused(Code.JSON_NUMBER, detail=text[:20])


def _integer(text: str) -> int:
    # Length first: int() of a very long text is slow.
    if len(text) >= 18 or abs(number := int(text)) > MAX_INTEGER:
        raise Refused(Code.JSON_NUMBER, detail=text[:20])
    return number


def _require_no_surrogates(value: object) -> None:
    if isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise Refused(Code.JSON_ENCODING, detail="lone surrogate")
    elif isinstance(value, dict):
        for key, item in value.items():
            _require_no_surrogates(key)
            _require_no_surrogates(item)
    elif isinstance(value, list):
        for item in value:
            _require_no_surrogates(item)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_no_number, parse_int=_integer
)
