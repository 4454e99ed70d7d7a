"""What a register act says: operation, persons, changes, evidence. Read strictly; the signature is judged elsewhere."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, WireDigest

ShortText = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Operation(StrEnum):
    """What is done to the register."""

    MOVE_IN = "move_in"  # 迁入
    RETURN = "return"  # 回迁
    CORRECT = "correct"  # 更正


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One item of one person gets a new value; `approval_number` where the station may not decide it alone."""

    id18: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{17}[0-9X](?!\n)$")]
    item: ShortText
    value: ShortText
    approval_number: ShortText | None = None


class RegisterDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Details of a register act. `persons` are citizen numbers, each once; `evidence` is None only for a move in."""

    operation: Operation
    persons: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=50)]
    changes: Annotated[tuple[Change, ...], msgspec.Meta(max_length=50)]
    evidence: WireDigest | None = None

    @property
    def as_details(self) -> dict[str, Any]:
        """The details as an act carries them."""
        value: dict[str, Any] = msgspec.to_builtins(self)
        return value


def parse_details(details: Mapping[str, Any], *, subject: Digest) -> RegisterDetails:
    """Return the details of a register act. Raises: Refused (`register.act_form`, `register.evidence_differs`)."""
    try:
        parsed = msgspec.convert(dict(details), RegisterDetails)
    except msgspec.ValidationError as error:
        raise Refused(Code.REGISTER_ACT_FORM, detail=str(error)) from error
    if len(set(parsed.persons)) != len(parsed.persons):
        raise Refused(Code.REGISTER_ACT_FORM, detail="a person twice")
    if {change.id18 for change in parsed.changes} - set(parsed.persons):
        raise Refused(Code.REGISTER_ACT_FORM, detail="a change of somebody else")
    if parsed.operation is not Operation.MOVE_IN and parsed.evidence != subject:
        raise Refused(Code.REGISTER_EVIDENCE_DIFFERS)
    return parsed
