"""The reference register: one SQLite file that the agents of one machine share as the province's register.

It releases nothing on anybody's word: it verifies the officer's signed act and the evidence file with its own roots and
revocation lists, evaluates the gate again, and consumes act, letter and evidence by constraints of its own database in the
transaction of the change.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from hub.cases.catalogue import Catalogue
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, StationId
from hub.protocol.instants import SHANGHAI
from hub.signing.trust import Trust
from station_agent.desk.gate.checks import Rules
from station_agent.desk.gate.material import Circumstances, Decision, Material
from station_agent.register import tables
from station_agent.register.acts import Change, Operation
from station_agent.register.interface import ChangeRequest, Person
from station_agent.register.release import (
    Asked,
    letter_of,
    open_request,
    require_container,
    require_gate,
    require_station,
)
from station_agent.register.seal_memory import remember_seals

NAME = "姓名"
ADDRESS = "住址"


@dataclass(frozen=True, slots=True)
class ReferenceRegister:
    """`trust` gives the register's own roots and lists, `rules` how the gate is judged with them, `clock` the time."""

    file: Path
    trust: Callable[[], Trust]
    rules: Callable[[Trust, datetime], Rules]
    clock: Callable[[], datetime]
    catalogue: Catalogue

    def look_up(self, id18: str) -> Person | None:
        """See `Register.look_up`."""
        with tables.open_tables(self.file) as tx:
            return tables.find_person(tx, id18)

    def enrol(self, person: Person) -> None:
        """Enter a record from outside (a birth, the first loading); no desk reaches it. Raises: Refused
        (`register.person_known`)."""
        with tables.open_tables(self.file) as tx:
            if tables.find_person(tx, person.id18) is not None:
                raise Refused(Code.REGISTER_PERSON_KNOWN)
            tables.put_person(tx, person)

    def move_in(self, request: ChangeRequest) -> str:
        """See `Register.move_in`. Each person's change of 住址 says where to."""
        now = self.clock()
        asked = open_request(request, Operation.MOVE_IN, trust=self.trust(), now=now)
        with tables.open_tables(self.file) as tx:
            if (done := tables.serial_of_act(tx, asked.signed.digest)) is not None:
                return done
            serial = tables.next_serial(tx, asked.signed.act.station, now=now)
            for id18 in asked.details.persons:
                tables.put_person(tx, _moved_in(_require_person(tx, id18), asked, serial, now))
            self._enter(tx, asked, serial, now)
        return serial

    def return_move(self, request: ChangeRequest) -> str:
        """See `Register.return_move`."""
        return self._change(request, Operation.RETURN, _returned)

    def correct(self, request: ChangeRequest) -> str:
        """See `Register.correct`."""
        return self._change(request, Operation.CORRECT, _corrected)

    def _change(
        self,
        request: ChangeRequest,
        operation: Operation,
        changed: Callable[[Person, Asked, Material], Person],
    ) -> str:
        now, trust = self.clock(), self.trust()
        rules = self.rules(trust, now)
        asked = open_request(request, operation, trust=trust, now=now)
        with tables.open_tables(self.file) as tx:
            # An answer given stays given: the desk may ask again after a crash, when lists have aged.
            if (done := tables.serial_of_act(tx, asked.signed.digest)) is not None:
                return done
        material, seals = require_container(asked, request.evidence, rules=rules, catalogue=self.catalogue)
        with tables.open_tables(self.file) as tx:
            rules = replace(rules, seals=remember_seals(tx, seals))
        require_gate(asked, material, rules=rules, circumstances=self._circumstances(asked, material))
        with tables.open_tables(self.file) as tx:
            serial = tables.next_serial(tx, asked.signed.act.station, now=now)
            self._consume(tx, asked, material, serial)
            for id18 in asked.details.persons:
                tables.put_person(tx, changed(_require_person(tx, id18), asked, material))
            self._enter(tx, asked, serial, now)
        return serial

    def _circumstances(self, asked: Asked, material: Material) -> Circumstances:
        with tables.open_tables(self.file) as tx:
            names = {id18: _require_person(tx, id18).name for id18 in asked.details.persons}
            letter = letter_of(material)
            used_in = None if letter is None else tables.used_by(tx, tables.LETTER, letter)
        decisions = tuple(Decision(change.item, True, change.approval_number) for change in asked.details.changes)
        corrects = asked.details.operation is Operation.CORRECT
        return Circumstances(
            used_in=None if used_in is None else CaseId(used_in),
            names=names,
            decisions=decisions if corrects else None,
        )

    def _consume(self, tx: Connection, asked: Asked, material: Material, serial: str) -> None:
        case = asked.signed.act.case
        tables.consume(tx, tables.ACT, asked.signed.act.id, case=case, serial=serial)
        if (letter := letter_of(material)) is not None:
            tables.consume(tx, tables.LETTER, letter, case=case, serial=serial)
        for id18 in asked.details.persons:
            tables.consume(tx, tables.EVIDENCE, f"{asked.signed.act.subject} {id18}", case=case, serial=serial)
        for change in asked.details.changes:
            key = f"{material.inquiry.digest} {change.id18} {change.item}"
            tables.consume(tx, tables.REQUEST, key, case=case, serial=serial)

    def _enter(self, tx: Connection, asked: Asked, serial: str, now: datetime) -> None:
        act, evidence = asked.signed, asked.details.evidence
        operation = asked.details.operation.value
        tables.add_entry(tx, tables.Entry(serial, operation, act.act.case, act.digest, act.raw, evidence, now))


def return_changes(body: Mapping[str, object]) -> tuple[Change, ...]:
    """Return what a return move changes: each person's address back to the one that the letter states."""
    listed = body.get("persons")
    return tuple(
        Change(id18=entry["id18"], item=ADDRESS, value=entry["original_address"])
        for entry in (listed if isinstance(listed, list) else ())
    )


def _require_person(tx: Connection, id18: str) -> Person:
    person = tables.find_person(tx, id18)
    if person is None:
        raise Refused(Code.REGISTER_NO_RECORD)
    return person


def _moved_in(person: Person, asked: Asked, serial: str, now: datetime) -> Person:
    station: StationId = asked.signed.act.station
    addresses = [change for change in asked.details.changes if change.id18 == person.id18]
    if len(addresses) != 1 or addresses[0].item != ADDRESS or person.station == station:
        raise Refused(Code.REGISTER_CHANGES_DIFFER, detail=Operation.MOVE_IN.value)
    date = now.astimezone(SHANGHAI).date().isoformat()
    return replace(
        person,
        station=station,
        address=addresses[0].value,
        came_from=person.station,
        move_serial=serial,
        move_date=date,
    )


def _returned(person: Person, asked: Asked, material: Material) -> Person:
    # The record's origin returns it, from the station that wrote the letter, for the very move that the letter names.
    require_station(person.came_from, asked.signed.act.station)
    require_station(person.station, material.inquiry.envelope.from_)
    if person.move_serial != material.body.get("move_serial"):
        raise Refused(Code.REGISTER_OTHER_MOVE)
    wanted = return_changes(material.body)
    if set(asked.details.changes) != set(wanted) or len(asked.details.changes) != len(wanted):
        raise Refused(Code.REGISTER_CHANGES_DIFFER, detail=Operation.RETURN.value)
    address = next(change.value for change in wanted if change.id18 == person.id18)
    return replace(
        person, station=asked.signed.act.station, address=address, came_from=None, move_serial=None, move_date=None
    )


def _corrected(person: Person, asked: Asked, material: Material) -> Person:
    require_station(person.station, asked.signed.act.station)
    requested = {entry["item"]: entry for entry in material.body["items"]}
    items = dict(person.items) | {NAME: person.name, ADDRESS: person.address}
    if not asked.details.changes or len({change.item for change in asked.details.changes}) != len(
        asked.details.changes
    ):
        raise Refused(Code.REGISTER_CHANGES_DIFFER, detail=Operation.CORRECT.value)
    for change in asked.details.changes:
        entry = requested.get(change.item)
        if entry is None or change.value != entry["proposed"]:
            raise Refused(Code.REGISTER_CHANGES_DIFFER, detail=Operation.CORRECT.value)
        if items.get(change.item, "") != entry["current"]:
            raise Refused(Code.REGISTER_VALUE_DIFFERS, values={"item": change.item})
        items[change.item] = change.value
    rest = {key: value for key, value in items.items() if key not in (NAME, ADDRESS)}
    return replace(person, name=items[NAME], address=items[ADDRESS], items=rest)
