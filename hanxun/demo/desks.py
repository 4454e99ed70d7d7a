"""Opening the demo's desks: each a process of its own on loopback, with links that are signed in already."""

from dataclasses import dataclass

from hanxun.demo.people import ADMINISTRATORS, AUDITOR, MISTAKEN, ORIGIN, DemoOfficer, DemoStation
from hanxun.demo.processes import Processes
from hanxun.demo.world import World, add_auditor

ROLES = {
    "window": "窗口民警 window officer",
    "head": "所长 head",
    "custodian": "印章保管人 custodian",
    "administrator": "管理员 administrator",
    "auditor": "审计员 auditor",
}


@dataclass(frozen=True, slots=True)
class SignedInLink:
    """A link that opens a desk signed in: for whom (`role`, `number`, `who` in words)."""

    role: str
    number: str
    who: str
    url: str


@dataclass(frozen=True, slots=True)
class OpenDesk:
    """One desk that is served, with its links."""

    name: str
    url: str
    links: tuple[SignedInLink, ...]


def open_desks(world: World, processes: Processes) -> tuple[OpenDesk, ...]:
    """Serve the desks of the two stations that the stories are about, and the hub's."""
    add_auditor(world)
    stations = tuple(_station(world, processes, station) for station in (MISTAKEN, ORIGIN))
    where = (str(world.hub), "--passphrase-file", str(world.password("hub")))
    people = (AUDITOR, *ADMINISTRATORS)
    return (*stations, _desk(world, processes, "hub-desk", "函询中心 the hub", people, "hanxun.demo.hub_desk", where))


def _station(world: World, processes: Processes, station: DemoStation) -> OpenDesk:
    officers = tuple(station.officers.values())
    where = (str(world.station(station)), "--passphrase-file", str(world.password(station.key)))
    return _desk(world, processes, f"{station.key}-desk", station.name, officers, "hanxun.demo.station_desk", where)


def _desk(
    world: World,
    processes: Processes,
    key: str,
    name: str,
    officers: tuple[DemoOfficer, ...],
    module: str,
    where: tuple[str, ...],
) -> OpenDesk:
    passwords = [word for one in officers for word in ("--officer", f"{one.number}:{world.password(one.number)}")]
    ready = processes.start(key, *where, *passwords, module=module)
    links = tuple(
        SignedInLink(one.role, one.number, f"{ROLES[one.role]} {one.name}", ready["links"][one.number])
        for one in officers
    )
    return OpenDesk(name, str(ready["url"]), links)
