"""Offices whose pages are really served: the stations of a small world, each with its `hanxun agent desk` process."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pyotp
from msgspec import structs

from hub.cases.catalogue import default_catalogue
from hub.signing.crl import read_crl
from hub.signing.purposes import DEFAULT_PURPOSES
from station_agent.desk.gate.evaluate import rules_for
from station_agent.people import Person
from station_agent.readers import gate_readers
from station_agent.register.folder import RegisterFolder, open_register
from station_agent.register.interface import Person as Citizen
from station_agent.settings import RegisterSettings, load_settings, write_settings
from station_agent.store.desk import find_account, save_account
from station_agent.web.accounts import Accounts, desk_keys, new_code
from tests.end_to_end.stories import PERSON
from tests.end_to_end.world import PASSPHRASE, Process, Station, World, a_world
from tests.exchange.builders import now_utc

PASSWORD = PASSPHRASE.decode()


@dataclass
class Office:
    """One station and the pages that it serves; `secrets` are its officers' second factors."""

    station: Station
    process: Process
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the pages are."""
        return str(json.loads(self.process.out.read_bytes())["url"])

    def enrol(self, person: Person) -> str:
        """Set up an officer's second factor, as the pages do it, and return its secret."""
        agent, now = self.station.agent, datetime.now(UTC)
        accounts = Accounts(agent, desk_keys(agent, PASSPHRASE))
        with agent.store.write() as tx:
            code = new_code(tx, person.number, now=now)
        begun = accounts.begin_enrolment(person.number, PASSWORD, code, now=now)
        accounts.enrol(begun.ticket, pyotp.TOTP(begun.secret).at(now), now=now)
        self.secrets[person.number] = begun.secret
        return begun.secret

    def one_time_code(self, person: Person) -> str:
        """The code that the head gives an officer."""
        with self.station.agent.store.write() as tx:
            return new_code(tx, person.number, now=now_utc())

    def code(self, person: Person) -> str:
        """A code that counts now, also when one was used a moment ago."""
        agent, number = self.station.agent, person.number
        with agent.store.write() as tx:
            account = find_account(tx, number)
            assert account is not None
            save_account(tx, replace(account, totp_step=0))
        return pyotp.TOTP(self.secrets[number]).now()


@contextmanager
def offices(folder: Path, *, stations: int = 2) -> Iterator[tuple[World, list[Office]]]:
    """A hub, agents and the pages of each station, all serving."""
    world = a_world(folder, stations=stations)
    secret = folder / "passphrase"
    _give_register(world)
    made = []
    for number, station in enumerate(world.stations, start=1):
        command = ("agent", "desk", "--data", str(station.data), "--port", "0", "--passphrase-file", str(secret))
        made.append(Office(station, Process(f"desk-{number}", command, folder)))
    try:
        world.start()
        for office in made:
            office.process.start()
        for office in made:
            office.process.wait_ready()
        yield world, made
    finally:
        for office in made:
            office.process.put_down()
        world.close()


def _give_register(world: World) -> None:
    """A register that all stations share; the person of the stories stands at the opener, moved there from the answerer."""
    folder = RegisterFolder(world.folder / "register")
    folder.crl.parent.mkdir(parents=True)
    folder.trusted_root.write_bytes(world.province.root.certified.pem)
    folder.crl.write_bytes(read_crl(world.province.crl()).der)
    register = open_register(
        folder,
        purposes=DEFAULT_PURPOSES,
        rules=rules_for(gate_readers(), two_looks_from=3),
        catalogue=default_catalogue(),
        clock=now_utc,
    )
    opener, answerer = world.stations[0].code, world.stations[1].code
    register.enrol(Citizen(PERSON["id18"], PERSON["name"], opener, "广德市某路2号", answerer, "QR-1", "2026-11-01", {}))
    for station in world.stations:
        settings = structs.replace(load_settings(station.data), register=RegisterSettings(folder=str(folder.root)))
        write_settings(station.data, settings)
