"""The catalogue of case types: what each asks for, answers, allows and how long it may take. All of it is data (TOML).

Bytes in, frozen structs out; no file is read here except the defaults that ship with the program.
The language of the files is documented at the top of `config/case_types/shared.toml`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated

import msgspec

from hub.cases.machine import Actor, Side
from hub.protocol.codes import Code
from hub.protocol.envelope import Kind, Role
from hub.protocol.errors import Refused
from hub.protocol.toml import decode_toml

SHARED = "shared.toml"


class FieldType(StrEnum):
    """What a field of a body holds."""

    TEXT = "text"  # one line, visible characters only
    LINES = "lines"  # several lines
    CODE = "code"  # ASCII letters, digits and . _ - /
    CHOICE = "choice"
    INTEGER = "integer"
    FLAG = "flag"
    DATE = "date"  # YYYY-MM-DD
    INSTANT = "instant"  # RFC 3339, UTC, with Z
    CITIZEN_ID = "citizen_id"
    DIGEST = "digest"  # SHA-256, lower-case hexadecimal
    RECORD = "record"
    LIST = "list"


class ClockKind(StrEnum):
    """How time is counted (DOMAIN 3): three kinds run on the site's calendar, three do not."""

    WALL_MINUTE = "wall_minute"
    WORKING_MINUTE = "working_minute"
    WORKING_HOUR = "working_hour"
    WORKING_DAY = "working_day"
    CALENDAR_DAY = "calendar_day"
    SITE_CLOSING = "site_closing"


class Scope(StrEnum):
    """Which stations may exchange a case type."""

    PROVINCE = "province"
    ANY = "any"


class When(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition on a sibling field: it has one of the values."""

    field: str
    is_: tuple[str | bool, ...] = msgspec.field(name="is")


class FieldRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field of a body. `min`/`max` bound characters, entries or the number; `when`: needed then, unwanted otherwise."""

    zh: str
    en: str
    type: FieldType
    optional: bool = False
    when: When | None = None
    min: int | None = None
    max: int | None = None
    one_of: tuple[str, ...] = ()
    past: bool = False
    attachment: tuple[Role, ...] = ()
    unique: str | None = None
    fields: dict[str, "FieldRule"] = {}


class AttachmentRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many attachments of one role a message carries; with `when`, none are needed unless the condition holds."""

    zh: str
    min: Annotated[int, msgspec.Meta(ge=0)] = 0
    max: Annotated[int, msgspec.Meta(ge=1, le=256)] = 256
    when: When | None = None


class MessageRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a message of one kind holds. A role of attachment that is not named is not allowed."""

    zh: str
    en: str
    fields: dict[str, FieldRule] = {}
    attachments: dict[Role, AttachmentRule] = {}


class ClockRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A time limit. It starts at a field of the inquiry or at an event of M1, and stops at an event.

    `basis`: N the notice, R another rule, P a default of this product. `paused`: stands still while supply is waited for.
    `extendable`: administrators may extend it; what the notice sets and what ends the same day never is (`extension.py`).
    """

    step: str
    zh: str
    en: str
    kind: ClockKind
    limit: Annotated[int, msgspec.Meta(ge=0)]
    basis: str
    side: Side
    starts_at_field: str | None = None
    starts_at_event: str | None = None
    stops_at_event: str
    paused: bool = False
    late_reason_field: str | None = None
    extendable: bool = True


class EscalationRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who hears of a delay: the head after a share of the time (or so long before the end), then parent by parent."""

    head_at_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 50
    head_before_end_s: int | None = None
    next_parent_after_working_days: Annotated[int, msgspec.Meta(ge=1)] = 1


class LetterRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The sealed letter of a case type: its kind, title and the purpose of the seal. `when` as for fields."""

    kind: str
    title: str
    seal: str
    when: When | None = None


class CaseType(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One case type, complete: `messages` holds the kinds of `shared.toml` too, unless the type has its own."""

    code: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z-]{1,32}(?!\n)$")]
    zh: str
    en: str
    legal_basis: tuple[str, ...]
    retention: str
    scope: Scope = Scope.PROVINCE
    opens: tuple[Actor, ...]
    answers: tuple[Actor, ...]
    gate: tuple[str, ...] = ()
    gate_with_letter: tuple[str, ...] = ()
    register_operation: str | None = None
    outcomes_through_gate: tuple[str, ...] = ()
    auto_close_working_days: int | None = 5
    letter: LetterRule | None = None
    clocks: tuple[ClockRule, ...] = ()
    escalation: EscalationRule = EscalationRule()
    messages: dict[Kind, MessageRule]

    def message(self, kind: Kind) -> MessageRule:
        """Return the rule of one kind of message. Raises: Refused (`case.kind_not_allowed`)."""
        rule = self.messages.get(kind)
        if rule is None:
            known = ", ".join(self.messages)
            raise Refused(
                Code.CASE_KIND_NOT_ALLOWED,
                field="/kind",
                values={"type": self.code, "kind": kind.value, "known": known},
            )
        return rule

    def clock(self, step: str) -> ClockRule:
        """Return one time limit by its step. Raises: KeyError, a fault of the program."""
        return next(clock for clock in self.clocks if clock.step == step)

    def needs_letter(self, body: Mapping[str, object]) -> bool:
        """Whether an inquiry with this `body` must carry a sealed letter."""
        return self.letter is not None and holds(self.letter.when, body)

    def gate_checks(self, body: Mapping[str, object]) -> tuple[str, ...]:
        """Names of the gate's checks (G1..G9, approval, proof) that an inquiry with this `body` must pass."""
        return self.gate + (self.gate_with_letter if self.needs_letter(body) else ())


class SharedRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`shared.toml`: the kinds of message that every case type has."""

    messages: dict[Kind, MessageRule]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All case types in force."""

    types: Mapping[str, CaseType] = field(default_factory=dict)

    def case_type(self, code: str) -> CaseType:
        """Return the case type `code`. Raises: Refused (`case.type_unknown`)."""
        found = self.types.get(code)
        if found is None:
            raise Refused(
                Code.CASE_TYPE_UNKNOWN, field="/type", values={"type": code[:32], "known": ", ".join(self.types)}
            )
        return found


def holds(when: When | None, siblings: Mapping[str, object]) -> bool:
    """Whether a condition holds in a record; no condition always does."""
    if when is None:
        return True
    value = siblings.get(when.field)
    # `is`: 1 == True in Python, and an integer must not pass for a flag.
    return any(value is wanted if isinstance(wanted, bool) else value == wanted for wanted in when.is_)


def load_catalogue(tomls: Mapping[str, bytes]) -> Catalogue:
    """Return the catalogue from the files' bytes by name; `shared.toml` is one of them.

    Raises: Refused (`config.invalid`) with the file and the place.
    """
    if SHARED not in tomls:
        raise Refused(Code.CONFIG_INVALID, detail=f"{SHARED} is missing")
    shared = decode_toml(tomls[SHARED], SharedRules, name=SHARED, known=SharedRules.__struct_encode_fields__)
    types: dict[str, CaseType] = {}
    for name in sorted(set(tomls) - {SHARED}):
        own = decode_toml(tomls[name], CaseType, name=name, known=_known_keys())
        if own.code in types:
            raise Refused(Code.CONFIG_INVALID, detail=f"{name}: {own.code} is defined twice")
        case_type = msgspec.structs.replace(own, messages={**shared.messages, **own.messages})
        _require_sound(case_type, name)
        types[own.code] = case_type
    return Catalogue(types)


@cache
def default_catalogue() -> Catalogue:
    """Return the catalogue that ships with the program (`config/case_types/`)."""
    folder = files("config") / "case_types"
    return load_catalogue(
        {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.name.endswith(".toml")}
    )


def _known_keys() -> tuple[str, ...]:
    structs = (CaseType, FieldRule, AttachmentRule, MessageRule, ClockRule, EscalationRule, LetterRule, When)
    return tuple(sorted({key for struct in structs for key in struct.__struct_encode_fields__}))


def _require_sound(case_type: CaseType, name: str) -> None:
    inquiry = case_type.messages.get(Kind.INQUIRY)
    if inquiry is None:
        raise Refused(Code.CONFIG_INVALID, detail=f"{name}: messages.inquiry is missing")
    for kind, message in case_type.messages.items():
        _require_sound_fields(message.fields, f"{name}: messages.{kind}")
        for role, rule in message.attachments.items():
            if rule.when is not None and rule.when.field not in message.fields:
                raise Refused(
                    Code.CONFIG_INVALID,
                    detail=f"{name}: messages.{kind}.attachments.{role}: no field {rule.when.field}",
                )
    for clock in case_type.clocks:
        if (clock.starts_at_field is None) == (clock.starts_at_event is None):
            raise Refused(
                Code.CONFIG_INVALID, detail=f"{name}: clock {clock.step}: one of starts_at_field, starts_at_event"
            )
        for field_name in (clock.starts_at_field, clock.late_reason_field):
            if field_name is not None and field_name not in inquiry.fields:
                raise Refused(Code.CONFIG_INVALID, detail=f"{name}: clock {clock.step}: no field {field_name}")


def _require_sound_fields(rules: Mapping[str, FieldRule], place: str) -> None:
    for key, rule in rules.items():
        where = f"{place}.{key}"
        if (rule.type is FieldType.CHOICE) != bool(rule.one_of):
            raise Refused(Code.CONFIG_INVALID, detail=f"{where}: a choice, and only a choice, has one_of")
        if (rule.type in (FieldType.RECORD, FieldType.LIST)) != bool(rule.fields):
            raise Refused(Code.CONFIG_INVALID, detail=f"{where}: records and lists, and only they, have fields")
        if rule.when is not None and rule.when.field not in rules:
            raise Refused(Code.CONFIG_INVALID, detail=f"{where}: when: no field {rule.when.field}")
        if rule.unique is not None and rule.unique not in rule.fields:
            raise Refused(Code.CONFIG_INVALID, detail=f"{where}: unique: no field {rule.unique}")
        _require_sound_fields(rule.fields, where)
