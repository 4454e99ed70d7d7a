"""Which level must approve the correction of a register item, and whether a correction carries that approval.

The levels are data (`config/approval_levels.toml`). Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.toml import decode_toml


class ApprovalLevel(StrEnum):
    """The lowest organisation whose approval suffices."""

    STATION = "station"
    COUNTY = "county"
    CITY = "city"
    PROVINCE = "province"


_LEVEL_NAMES = {
    ApprovalLevel.STATION: "派出所",
    ApprovalLevel.COUNTY: "县级公安机关",
    ApprovalLevel.CITY: "市级公安机关",
    ApprovalLevel.PROVINCE: "省公安厅",
}


class ItemRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the correction of one item needs; `case_type` names the type it belongs to, if another."""

    level: ApprovalLevel
    change_codes: tuple[str, ...]
    case_type: str | None = None


@dataclass(frozen=True, slots=True)
class ApprovalLevels:
    """The rule of every register item."""

    items: Mapping[str, ItemRule]

    def rule(self, item: str, *, field: str | None = None) -> ItemRule:
        """Return the rule of `item`. Raises: Refused (`approval.item_unknown`)."""
        found = self.items.get(item)
        if found is None:
            values = {"item": item[:32], "known": "、".join(self.items)}
            raise Refused(Code.APPROVAL_ITEM_UNKNOWN, field=field, values=values)
        return found

    def level(self, item: str) -> ApprovalLevel:
        """Return the level that must approve a correction of `item`. Raises: Refused (`approval.item_unknown`)."""
        return self.rule(item).level

    def needs_number(self, item: str) -> bool:
        """Whether the station may not correct `item` by itself."""
        return self.level(item) is not ApprovalLevel.STATION


def require_fitting_items(levels: ApprovalLevels, body: Mapping[str, Any]) -> None:
    """Hold the items of a C04 inquiry against the rules: their change code, and that they belong to this type.

    `body` has passed `check_body`. Raises: Refused (`approval.item_unknown`, `.other_case_type`, `.change_code`).
    """
    for number, entry in enumerate(body["items"]):
        item, place = entry["item"], f"/body/items/{number}"
        rule = levels.rule(item, field=f"{place}/item")
        if rule.case_type is not None:
            values = {"item": item, "type": rule.case_type}
            raise Refused(Code.APPROVAL_OTHER_CASE_TYPE, field=f"{place}/item", values=values)
        if entry["change_code"] not in rule.change_codes:
            values = {"item": item, "change_code": entry["change_code"], "known": ", ".join(rule.change_codes)}
            raise Refused(Code.APPROVAL_CHANGE_CODE, field=f"{place}/change_code", values=values)


def require_approvals(levels: ApprovalLevels, decisions: Sequence[Mapping[str, Any]]) -> None:
    """Let pass only decisions (C04 reply, `items`) whose corrections above the station carry an approval number.

    Raises: Refused (`approval.item_unknown`, `approval.other_case_type`, `approval.number_missing`).
    """
    for number, entry in enumerate(decisions):
        if entry["decision"] == "更正":
            require_approval(levels, entry["item"], entry.get("approval_number"), field=f"/body/items/{number}")


def require_approval(
    levels: ApprovalLevels, item: str, approval_number: str | None, *, field: str | None = None
) -> None:
    """Let pass a correction of `item` that the station may make itself or that carries its approval's number.

    Raises: Refused (`approval.item_unknown`, `approval.other_case_type`, `approval.number_missing`).
    """
    rule = levels.rule(item, field=field)
    if rule.case_type is not None:
        raise Refused(Code.APPROVAL_OTHER_CASE_TYPE, field=field, values={"item": item, "type": rule.case_type})
    if rule.level is not ApprovalLevel.STATION and not (approval_number or "").strip():
        values = {"item": item, "level_zh": _LEVEL_NAMES[rule.level], "level_en": rule.level.value}
        raise Refused(Code.APPROVAL_NUMBER_MISSING, field=field, values=values)


def load_approval_levels(raw: bytes, *, name: str = "approval_levels.toml") -> ApprovalLevels:
    """Return the levels in a file's bytes. Raises: Refused (`config.invalid`)."""
    return ApprovalLevels(decode_toml(raw, dict[str, ItemRule], name=name, known=ItemRule.__struct_encode_fields__))


@cache
def default_approval_levels() -> ApprovalLevels:
    """Return the levels that ship with the program."""
    return load_approval_levels((files("config") / "approval_levels.toml").read_bytes())
