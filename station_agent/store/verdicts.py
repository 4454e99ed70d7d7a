"""Verdicts as they are stored: every check with its code, result, cause and detail (JSON)."""

from collections.abc import Iterable
from types import MappingProxyType

import msgspec

from hub.protocol.codes import Code
from hub.protocol.verdict import Check, Result, Verdict


class StoredCheck(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One check as stored; its sentences come from the table of texts when it is shown."""

    code: str
    result: Result
    cause: Code | None = None
    detail: str | None = None
    values: dict[str, str | int] = {}


def encode_checks(checks: Iterable[Check]) -> bytes:
    """Return `checks` as stored."""
    return msgspec.json.encode([_stored(check) for check in checks])


def decode_checks(raw: bytes) -> Verdict:
    """Return the verdict that `encode_checks` stored."""
    return Verdict(
        tuple(
            Check(item.code, item.result, item.cause, item.detail, MappingProxyType(item.values))
            for item in msgspec.json.decode(raw, type=list[StoredCheck])
        )
    )


def _stored(check: Check) -> StoredCheck:
    values = {key: value if isinstance(value, int) else str(value) for key, value in check.values.items()}
    return StoredCheck(code=check.code, result=check.result, cause=check.cause, detail=check.detail, values=values)
