"""Files that go with a message: from the browser, or from the scan tray. Where one belongs is the case type's definition: a field that
names its digest, or a role that the message carries.

A place that may take a scan of the tray is asked by a second input, `<field>.tray`, with the item's number: so the choice is part of
the draft, and so the tray can attach an item by putting it into the draft of a form.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hub.cases.catalogue import FieldRule, FieldType, MessageRule
from hub.letters.sniff import sniff
from hub.protocol.codes import Code
from hub.protocol.envelope import Role
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, digest_of
from hub.signing.purposes import OfficerRole
from station_agent.desk.draft import NewFile
from station_agent.desk.tray import settle, usable
from station_agent.store.tray import TrayRow, TrayState, tray_items
from station_agent.web.desk import Desk
from station_agent.web.forms import Input
from station_agent.web.receiving import whole_number
from station_agent.web.visit import Visit

ADDED = (Role.PROOF, Role.OTHER)
"""Roles that an officer adds files in; the others are made by the program."""

OFFICERS = (OfficerRole.WINDOW, OfficerRole.COMMUNITY, OfficerRole.HEAD)
"""Whose the tray is."""

MOST_OFFERED = 100
_END = ".tray"


@dataclass(frozen=True, slots=True)
class Given:
    """A file given for `field`; `item` of the tray when it came from there."""

    field: str
    file: NewFile
    item: int | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """A place of a form where a file belongs: the name of its input, and what it is called."""

    field: str
    label: str


def tray_field(field: str) -> str:
    """Return the name of the input that takes an item of the tray for `field`."""
    return f"{field}{_END}"


def is_tray_field(name: str) -> bool:
    """Whether an input asks for an item of the tray."""
    return name.endswith(_END)


def chosen_items(values: Mapping[str, str]) -> dict[str, str]:
    """Return the items that these values choose, by the field they are for."""
    return {name.removesuffix(_END): value for name, value in values.items() if is_tray_field(name) and value}


def offered(desk: Desk, visit: Visit) -> tuple[TrayRow, ...]:
    """Return the scans of the tray that this officer may choose from, newest first."""
    if visit.person.certified.roles.isdisjoint(OFFICERS):
        return ()
    with desk.agent.store.read() as tx:
        rows = tray_items(tx, TrayState.WAITING)
    return tuple(row for row in reversed(rows) if row.digest is not None and row.trouble is None)[:MOST_OFFERED]


def slots_in(inputs: tuple[Input, ...], above: str = "") -> tuple[Slot, ...]:
    """Return the places for files among the inputs of a form, each with the name of the list or record that it stands in."""
    found: list[Slot] = []
    for each in inputs:
        label = f"{above} · {each.label}" if above else each.label
        if each.attachment:
            found.append(Slot(each.name, label))
        found += slots_in(each.inner, label)
        for number, row in enumerate(each.rows, start=1):
            found += slots_in(row, f"{label} {number}")
    return tuple(found)


def given_files(desk: Desk, visit: Visit, rule: MessageRule, roles: tuple[Role, ...]) -> tuple[Given, ...]:
    """Return the files of the visit's form, for the fields of `rule` that name a digest and for these further roles.

    A file of the browser counts before one of the tray. Raises: Refused (E201, `tray.unknown`, `tray.state`), NotPermitted.
    """
    wanted = dict(_digest_fields(rule.fields)) | {role.value: role for role in roles if role in rule.attachments}
    given: dict[str, Given] = {}
    for upload in visit.files:
        role = wanted.get(_plain(upload.field))
        if not upload.raw or role is None:
            continue
        media_type = sniff(upload.raw)
        if media_type is None:
            raise Refused(Code.SCAN_NOT_RECOGNISED, field=_pointer(upload.field), values={"name": upload.name})
        given[upload.field] = Given(upload.field, NewFile(upload.raw, upload.name, media_type, role))
    for field, text in chosen_items(visit.form).items():
        role = wanted.get(_plain(field))
        if role is not None and field not in given:
            given[field] = _from_tray(desk, visit, field, text, role)
    return tuple(given.values())


def with_digests(values: Mapping[str, str], rule: MessageRule, given: tuple[Given, ...]) -> dict[str, str]:
    """Return the values with each file's digest in the field that names it."""
    named = {field for field, _ in _digest_fields(rule.fields)}
    return dict(values) | {each.field: digest_of(each.file.raw) for each in given if _plain(each.field) in named}


def settle_given(desk: Desk, visit: Visit, given: tuple[Given, ...], case: CaseId) -> None:
    """The message is on record: what came from the tray is the case's now."""
    for each in given:
        if each.item is not None:
            settle(desk.agent.store, each.item, case, now=visit.now)


def _from_tray(desk: Desk, visit: Visit, field: str, text: str, role: Role) -> Given:
    visit.person.require_role(*OFFICERS)
    item = whole_number(text)
    try:
        row, raw = usable(desk.agent.store, item)
    except Refused as error:
        raise Refused(error.code, field=_pointer(field), values=error.values) from error
    media_type = row.media_type or sniff(raw) or ""
    return Given(field, replace(NewFile(raw, row.name, media_type), role=role), item)


def _digest_fields(rules: Mapping[str, FieldRule], prefix: str = "") -> list[tuple[str, Role]]:
    found = []
    for key, rule in rules.items():
        if rule.type is FieldType.DIGEST and rule.attachment:
            found.append((f"{prefix}{key}", rule.attachment[0]))
        found += _digest_fields(rule.fields, f"{prefix}{key}.")
    return found


def _plain(field: str) -> str:
    return ".".join(part for part in field.split(".") if not part.isdigit())


def _pointer(field: str) -> str:
    return f"/body/{field.replace('.', '/')}"
