"""Bodies of envelopes, checked against their case type: each field's form, and what fields say about each other.

The rules are compiled to plain functions once per case type and kind; a body then costs some ten microseconds.
The first fault is told, with its JSON pointer, in both languages. Pure: no clock, no directory, no files.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import msgspec

from hub.cases.catalogue import AttachmentRule, CaseType, FieldRule, FieldType, MessageRule, holds
from hub.cases.citizen_id import require_citizen_id
from hub.protocol.codes import Code
from hub.protocol.envelope import Attachment, Kind, Role
from hub.protocol.errors import Refused
from hub.protocol.identifiers import DIGEST_PATTERN
from hub.protocol.instants import INSTANT_PATTERN, SHANGHAI, parse_instant

DEFAULT_MAX = 1000
_DIGEST = re.compile(DIGEST_PATTERN[1:-1], re.ASCII)
_INSTANT = re.compile(INSTANT_PATTERN[1:-1], re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_CODE = re.compile(r"[0-9A-Za-z._/-]*", re.ASCII)
# What a reader cannot see or what turns text around: controls, zero-width and direction marks, BOM, surrogates,
# noncharacters. What is signed must be what is seen.
_UNSEEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\uffff\ud800-\udfff\U000e0000-\U000e0fff"
)
_BAD_TEXT = re.compile(f"[\t\n{_UNSEEN}]|^\\s|\\s$")
_BAD_LINES = re.compile(f"[{_UNSEEN}]|^\\s|\\s$")


class _Scene(msgspec.Struct, frozen=True):
    """What the checks of one body share."""

    today: date
    attachments: Mapping[str, frozenset[Role]]


_Checker = Callable[[Any, str, _Scene], None]


def check_body(
    case_type: CaseType, kind: Kind, body: Mapping[str, Any], attachments: tuple[Attachment, ...], *, today: date
) -> None:
    """Accept an envelope's body and attachments, or say what is wrong with the first fault found.

    `today` is the date in Asia/Shanghai. Whether a late reason is needed is for `late.py`, approvals for `approval.py`.
    Raises: Refused (`case.kind_not_allowed`, `body.*`, E101, E102) with the field's JSON pointer.
    """
    rule = case_type.message(kind)
    roles: dict[str, frozenset[Role]] = {}
    for attachment in attachments:
        roles[attachment.digest] = roles.get(attachment.digest, frozenset()) | {attachment.role}
    _compiled(_Key(case_type, kind))(body, "/body", _Scene(today, roles))
    if attachments or rule.attachments:
        _check_attachments(rule, body, attachments)


@dataclass(frozen=True, slots=True, eq=False)
class _Key:
    """Identity of a compiled rule: case types are not hashable, and one object is loaded once."""

    case_type: CaseType
    kind: Kind

    def __hash__(self) -> int:
        return hash((id(self.case_type), self.kind))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.case_type is self.case_type and other.kind is self.kind


@lru_cache(maxsize=512)
def _compiled(key: _Key) -> _Checker:
    return _record(key.case_type.message(key.kind).fields)


def _check_attachments(rule: MessageRule, body: Mapping[str, Any], attachments: tuple[Attachment, ...]) -> None:
    counts: dict[Role, int] = {}
    for attachment in attachments:
        counts[attachment.role] = counts.get(attachment.role, 0) + 1
    for role, count in counts.items():
        if role not in rule.attachments:
            raise _wrong_count(role, AttachmentRule(zh=role.value), minimum=0, maximum=0, count=count)
    for role, wanted in rule.attachments.items():
        needed = holds(wanted.when, body)
        count = counts.get(role, 0)
        minimum, maximum = (wanted.min, wanted.max) if needed else (0, 0)
        if not minimum <= count <= maximum:
            raise _wrong_count(role, wanted, minimum=minimum, maximum=maximum, count=count)


def _wrong_count(role: Role, rule: AttachmentRule, *, minimum: int, maximum: int, count: int) -> Refused:
    values = {"role": role.value, "role_zh": rule.zh, "min": minimum, "max": maximum, "count": count}
    return Refused(Code.BODY_ATTACHMENT_COUNT, field="/attachments", values=values)


def _record(rules: Mapping[str, FieldRule]) -> _Checker:
    plan = tuple((name, _pointer(name), rule, rule.when, _checker(rule)) for name, rule in rules.items())

    def check(value: Any, place: str, scene: _Scene) -> None:
        if not isinstance(value, dict):
            raise _wrong_type(_RECORD_RULE, place, "对象", "an object")
        seen = 0
        for name, pointer, rule, when, checker in plan:
            if name in value:
                if when is not None and not holds(when, value):
                    raise _fault(Code.BODY_NOT_EXPECTED, rule, place + pointer)
                checker(value[name], place + pointer, scene)
                seen += 1
            elif not rule.optional and holds(when, value):
                raise _fault(Code.BODY_MISSING, rule, place + pointer)
        if seen != len(value):
            raise _unknown(value, rules, place)

    return check


def _checker(rule: FieldRule) -> _Checker:
    return _MAKERS[rule.type](rule)


def _text(rule: FieldRule) -> _Checker:
    bad = (_BAD_LINES if rule.type is FieldType.LINES else _BAD_TEXT).search
    minimum, maximum = rule.min or 0, rule.max or DEFAULT_MAX

    def check(value: Any, place: str, _scene: _Scene) -> None:
        if not isinstance(value, str):
            raise _wrong_type(rule, place, "文字", "text")
        if not minimum <= len(value) <= maximum:
            raise _wrong_size(rule, place, minimum, maximum, "characters")
        if bad(value):
            raise _fault(Code.BODY_TEXT, rule, place)

    return check


def _code(rule: FieldRule) -> _Checker:
    minimum, maximum = rule.min or 0, rule.max or DEFAULT_MAX

    def check(value: Any, place: str, _scene: _Scene) -> None:
        if not isinstance(value, str) or _CODE.fullmatch(value) is None:
            raise _wrong_type(rule, place, "字母、数字和 . _ - /", "letters, digits and . _ - /")
        if not minimum <= len(value) <= maximum:
            raise _wrong_size(rule, place, minimum, maximum, "characters")

    return check


def _choice(rule: FieldRule) -> _Checker:
    allowed = frozenset(rule.one_of)

    def check(value: Any, place: str, _scene: _Scene) -> None:
        if not isinstance(value, str) or value not in allowed:
            raise _fault(
                Code.BODY_VALUE, rule, place, expected_zh="、".join(rule.one_of), expected_en=", ".join(rule.one_of)
            )

    return check


def _integer(rule: FieldRule) -> _Checker:
    minimum, maximum = rule.min or 0, 2**53 - 1 if rule.max is None else rule.max

    def check(value: Any, place: str, _scene: _Scene) -> None:
        # bool is an int in Python; JSON's true is not a number.
        if type(value) is not int:
            raise _wrong_type(rule, place, "整数", "an integer")
        if not minimum <= value <= maximum:
            raise _wrong_size(rule, place, minimum, maximum, "(number)")

    return check


def _flag(rule: FieldRule) -> _Checker:
    def check(value: Any, place: str, _scene: _Scene) -> None:
        if not isinstance(value, bool):
            raise _wrong_type(rule, place, "是或否(true/false)", "true or false")

    return check


def _date(rule: FieldRule) -> _Checker:
    def check(value: Any, place: str, scene: _Scene) -> None:
        try:
            if not isinstance(value, str) or _DATE.fullmatch(value) is None:
                raise ValueError("not YYYY-MM-DD")
            day = date.fromisoformat(value)
        except ValueError as error:
            raise _wrong_type(rule, place, "日期,如 2026-09-30", "a date like 2026-09-30") from error
        if rule.past and day > scene.today:
            raise _fault(Code.BODY_FUTURE, rule, place)

    return check


def _instant(rule: FieldRule) -> _Checker:
    def check(value: Any, place: str, scene: _Scene) -> None:
        if not isinstance(value, str) or _INSTANT.fullmatch(value) is None:
            raise _wrong_type(rule, place, "UTC 时间,如 2026-09-30T15:50:00Z", "a UTC time like 2026-09-30T15:50:00Z")
        at = parse_instant(value, field=place)
        # The year guards astimezone against the ends of the calendar.
        if rule.past and (at.year > scene.today.year + 1 or at.astimezone(SHANGHAI).date() > scene.today):
            raise _fault(Code.BODY_FUTURE, rule, place)

    return check


def _citizen_id(rule: FieldRule) -> _Checker:
    def check(value: Any, place: str, scene: _Scene) -> None:
        if not isinstance(value, str):
            raise _wrong_type(rule, place, "18位公民身份号码", "a citizen number of 18 characters")
        require_citizen_id(value, today=scene.today, field=place)

    return check


def _digest(rule: FieldRule) -> _Checker:
    roles = frozenset(rule.attachment)

    def check(value: Any, place: str, scene: _Scene) -> None:
        if not isinstance(value, str) or _DIGEST.fullmatch(value) is None:
            raise _wrong_type(
                rule, place, "SHA-256 摘要(64位小写十六进制)", "a SHA-256 digest in lower-case hexadecimal"
            )
        if roles and not roles & scene.attachments.get(value, frozenset()):
            raise _fault(Code.BODY_ATTACHMENT, rule, place)

    return check


def _list(rule: FieldRule) -> _Checker:
    entry = _record(rule.fields)
    minimum, maximum = rule.min or 0, rule.max or DEFAULT_MAX
    unique = rule.unique

    def check(value: Any, place: str, scene: _Scene) -> None:
        if not isinstance(value, list):
            raise _wrong_type(rule, place, "列表", "a list")
        if not minimum <= len(value) <= maximum:
            raise _wrong_size(rule, place, minimum, maximum, "entries")
        for number, item in enumerate(value):
            entry(item, f"{place}/{number}", scene)
        if unique is not None:
            keys = [item.get(unique) for item in value]
            if len(set(keys)) != len(keys):
                again = next(number for number, key in enumerate(keys) if key in keys[:number])
                raise _fault(Code.BODY_DUPLICATE, rule.fields[unique], f"{place}/{again}{_pointer(unique)}")

    return check


_MAKERS: Mapping[FieldType, Callable[[FieldRule], _Checker]] = {
    FieldType.TEXT: _text,
    FieldType.LINES: _text,
    FieldType.CODE: _code,
    FieldType.CHOICE: _choice,
    FieldType.INTEGER: _integer,
    FieldType.FLAG: _flag,
    FieldType.DATE: _date,
    FieldType.INSTANT: _instant,
    FieldType.CITIZEN_ID: _citizen_id,
    FieldType.DIGEST: _digest,
    FieldType.RECORD: lambda rule: _record(rule.fields),
    FieldType.LIST: _list,
}
_RECORD_RULE = FieldRule(zh="此处", en="this place", type=FieldType.RECORD, fields={})


def _pointer(name: str) -> str:
    """One step of a JSON pointer. Source: RFC 6901, 3."""
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _fault(code: Code, rule: FieldRule, place: str, **values: object) -> Refused:
    return Refused(code, field=place, values={"zh": rule.zh, "en": rule.en, **values})


def _wrong_type(rule: FieldRule, place: str, zh: str, en: str) -> Refused:
    return _fault(Code.BODY_TYPE, rule, place, expected_zh=zh, expected_en=en)


def _wrong_size(rule: FieldRule, place: str, minimum: int, maximum: int, unit: str) -> Refused:
    return _fault(Code.BODY_SIZE, rule, place, min=minimum, max=f"{maximum} {unit}".removesuffix(" (number)"))


def _unknown(value: Mapping[str, Any], rules: Mapping[str, FieldRule], place: str) -> Refused:
    name = next(str(key) for key in value if key not in rules)
    near = difflib.get_close_matches(name[:64], rules, n=1)
    values = {"name": name[:64], "near": near[0] if near else "—"}
    return Refused(Code.BODY_UNKNOWN, field=place + _pointer(name[:64]), values=values)
