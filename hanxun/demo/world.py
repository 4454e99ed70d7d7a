"""The demo's world: a sample authority, a hub, three stations with their officers, and a register, made by the commands."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hanxun.demo.commands import hanxun
from hanxun.demo.paper import blank_page, stamp_and_scan
from hanxun.demo.people import (
    ADMINISTRATORS,
    AUDITOR,
    MISSPELT,
    MISTAKEN,
    MOVED,
    ORIGIN,
    PROVINCE,
    STATIONS,
    DemoCitizen,
    DemoOfficer,
    DemoStation,
)
from hanxun.demo.processes import Processes
from hanxun.files import write_file
from hub.protocol.codes import Code
from hub.protocol.errors import Unavailable

Tell = Callable[[str], None]
MOVE_SERIAL = "QY-20261120-0007"
MOVE_DATE = "2026-11-20"
QUORUM = 2
WITNESSES_S = 60.0


@dataclass(frozen=True, slots=True)
class World:
    """Folders of the demo below `root`; passwords are random, in files that only their owner can read."""

    root: Path

    @property
    def authority(self) -> Path:
        """The sample authority's folder."""
        return self.root / "ca"

    @property
    def root_certificate(self) -> Path:
        """The root certificate, PEM."""
        return self.authority / "root.pem"

    @property
    def hub(self) -> Path:
        """The hub's data folder."""
        return self.root / "hub"

    @property
    def register(self) -> Path:
        """The reference register's folder."""
        return self.root / "register"

    @property
    def logs(self) -> Path:
        """What the processes printed."""
        return self.root / "logs"

    @property
    def evidence(self) -> Path:
        """Evidence files of completed cases."""
        return self.root / "evidence"

    @property
    def refused(self) -> Path:
        """What was tried and refused, kept apart."""
        return self.root / "refused"

    @property
    def papers(self) -> Path:
        """Bodies, printed letters and scans of the story."""
        return self.root / "papers"

    def station(self, station: DemoStation) -> Path:
        """The data folder of a station's agent."""
        return self.root / station.key

    def password(self, name: str) -> Path:
        """The file with the password called `name`, made at first use."""
        path = self.root / "passwords" / name
        if not path.exists():
            write_file(path, secrets.token_urlsafe(12).encode(), secret=True)
        return path

    def desk(self, station: DemoStation, part: str) -> tuple[object, ...]:
        """Options with which the officer playing `part` uses the desk of `station`."""
        officer = station.officers[part]
        return (
            *("--data", self.station(station), "--passphrase-file", self.password(station.key)),
            *("--officer", officer.number, "--password-file", self.password(officer.number)),
        )

    def view(self, station: DemoStation) -> tuple[object, ...]:
        """Options with which one looks around at `station`."""
        return ("--data", self.station(station), "--passphrase-file", self.password(station.key))

    def one_administrator(self) -> tuple[object, ...]:
        """Options with which the first administrator signs an act at the hub."""
        first, _ = ADMINISTRATORS
        hub = ("--data", self.hub, "--passphrase-file", self.password("hub"))
        return (*hub, "--by", first.number, "--password-file", self.password(first.number))

    def two_administrators(self) -> tuple[object, ...]:
        """Options with which both administrators sign an act at the hub."""
        _, second = ADMINISTRATORS
        other = ("--and", second.number, "--and-password-file", self.password(second.number))
        return (*self.one_administrator(), *other)


def build(world: World, processes: Processes, tell: Tell) -> None:
    """Make everything and start the hub and the three agents."""
    tell(
        "建立试验证书机构、中心、三个派出所和登记库 / setting up a sample authority, the hub, three stations, a register"
    )
    hanxun(
        "ca", "init", "--dir", world.authority, "--name", "函询演示根证书", "--passphrase-file", world.password("ca")
    )
    address = _start_hub(world, processes)
    _name_administrators(world)
    _make_register(world)
    for station in STATIONS:
        _make_station(world, station, address)
        for officer in station.officers.values():
            _make_officer(world, station, officer)
    _make_seal(world, MISTAKEN)
    for station in STATIONS:
        processes.start(station.key, "agent", "serve", *map(str, world.view(station)))
    _state_trail_keys(world)
    tell(
        f"中心 {address},派出所端 {len(STATIONS)} 个,均为独立进程 / the hub and {len(STATIONS)} agents run as processes of their own"
    )


def _start_hub(world: World, processes: Processes) -> str:
    keys, passphrase = world.root / "hub-keys", ("--passphrase-file", world.password("hub"))
    hanxun("hub", "request", "--out", keys, "--name", "演示函询中心", *passphrase)
    for kind in ("hub", "evidence"):
        _issue(world, keys / f"{kind}.csr.pem", keys / f"{kind}.pem", "--kind", kind)
    _issue(world, keys / "tls.csr.pem", keys / "tls.pem", "--kind", "tls", "--host", "127.0.0.1")
    trust = ("--root", world.root_certificate, "--crl", world.authority / "crl.der")
    hanxun("hub", "init", "--data", world.hub, "--keys", keys, *trust, "--port", 0, *passphrase)
    settings = world.hub / "hub.toml"
    # Nobody waits ten seconds for a cosignature in a demo.
    settings.write_text(settings.read_text().replace("[trail]\n", "[trail]\ncosign_every_s = 0.5\n"))
    ready = processes.start("hub", "hub", "serve", "--data", str(world.hub), *map(str, passphrase))
    return str(ready["url"])


def _name_administrators(world: World) -> None:
    for officer in ADMINISTRATORS:
        _make_person(world, officer)
        hanxun("person", "roles", officer.number, "--data", world.hub, "--passphrase-file", world.password("hub"))


def add_auditor(world: World) -> None:
    """Give the hub its auditor: a person of the hub whose certificate two administrators register."""
    made = _make_person(world, AUDITOR)
    hanxun("station", "certificate", made["certificate"], *world.two_administrators())


def _make_person(world: World, officer: DemoOfficer) -> dict[str, str]:
    who = ("--name", officer.name, "--station", PROVINCE, "--password-file", world.password(officer.number))
    made = hanxun("person", "add", officer.number, "--data", world.hub, *who)
    _issue(world, Path(made["request"]), Path(made["certificate"]), "--kind", "officer", "--role", officer.role)
    return made


def _state_trail_keys(world: World) -> None:
    """Have the root state the keys of the trail and of its witnesses, once every station has introduced its own."""
    deadline = time.monotonic() + WITNESSES_S
    while hanxun("trail", "checkpoint", "--data", world.hub)["witnessed"]["of"] < len(STATIONS):
        if time.monotonic() > deadline:
            raise Unavailable(Code.DEMO_PROCESS, values={"name": "witnesses"})
        time.sleep(0.2)
    draft, signed = world.root / "trail-keys.json", world.root / "trail-keys.jws"
    hanxun("hub", "trail-keys", "--data", world.hub, "--quorum", QUORUM, "--out", draft)
    passphrase = ("--passphrase-file", world.password("ca"))
    hanxun("ca", "sign-keys", draft, "--dir", world.authority, "--out", signed, "--yes", *passphrase)
    hub = ("--data", world.hub, "--passphrase-file", world.password("hub"))
    hanxun("hub", "trail-keys", *hub, "--install", signed)


def _make_register(world: World) -> None:
    trust = ("--root", world.root_certificate, "--crl", world.authority / "crl.der")
    hanxun("register", "init", "--dir", world.register, *trust)
    moved = ("--came-from", ORIGIN.code, "--move-serial", MOVE_SERIAL, "--move-date", MOVE_DATE)
    _enrol(world, MOVED, MISTAKEN, "长亭市新桥区光明路12号", *moved)
    _enrol(world, MISSPELT, ORIGIN, MISSPELT.address)


def _enrol(world: World, citizen: DemoCitizen, station: DemoStation, address: str, *more: object) -> None:
    record = ("--name", citizen.name, "--station", station.code, "--address", address)
    hanxun("register", "enrol", citizen.id18, "--dir", world.register, *record, *more)


def _make_station(world: World, station: DemoStation, address: str) -> None:
    data, passphrase = world.station(station), ("--passphrase-file", world.password(station.key))
    who = ("--station", station.code, "--name", station.name, "--word", station.word, "--hub", address)
    trust = ("--root", world.root_certificate, "--trail-key", world.hub / "keys" / "trail.vkey")
    hanxun("agent", "init", "--data", data, *who, *trust, "--register", world.register, *passphrase)
    for kind in ("agent", "evidence"):
        _issue(world, data / "keys" / f"{kind}.csr.pem", data / "keys" / f"{kind}.cert.pem", "--kind", kind)
    certificate = ("--certificate", data / "keys" / "agent.cert.pem")
    hanxun("station", "add", station.code, "--name", station.name, *certificate, *world.two_administrators())


def _make_officer(world: World, station: DemoStation, officer: DemoOfficer) -> None:
    password = ("--password-file", world.password(officer.number))
    made = hanxun("person", "add", officer.number, "--data", world.station(station), "--name", officer.name, *password)
    _issue(world, Path(made["request"]), Path(made["certificate"]), "--kind", "officer", "--role", officer.role)


def _make_seal(world: World, station: DemoStation) -> None:
    made = hanxun(
        "seal", "register", "--data", world.station(station), "--password-file", world.password(f"{station.key}-seal")
    )
    certificate = Path(made["certificate"])
    _issue(world, Path(made["request"]), certificate, "--kind", "seal", "--purpose", "household")
    impression = world.papers / f"印模-{station.key}.jpg"
    write_file(impression, stamp_and_scan(blank_page(), station=station.name, seed=0))
    hanxun("seal", "register", "--certificate", certificate, "--specimen", impression, *world.one_administrator())
    hanxun("seal", "activate", station.code, *world.two_administrators())


def _issue(world: World, request: Path, out: Path, *kind: object) -> None:
    passphrase = ("--passphrase-file", world.password("ca"))
    hanxun("ca", "issue", request, "--dir", world.authority, "--out", out, *kind, "--yes", *passphrase)
