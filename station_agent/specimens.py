"""Registered impressions (印模) of stations whose letters lie here: fetched with every contact, checked against the digests that
the hub signed, kept for when it is away. They are for people to look at; no gate judges by them."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, StationId, digest_of
from hub.protocol.instants import parse_instant
from hub.protocol.specimens import RegisteredSpecimen, SpecimenStatement
from hub.signing.specimen_statements import check_specimens, open_specimens
from station_agent.agent import Agent
from station_agent.certificates import ensure_named
from station_agent.hub_client import HubClient, HubRefusal
from station_agent.store.specimens import (
    StatementRow,
    keep_statement,
    note_specimen,
    specimens_asked,
    statement_about,
    stations_to_ask,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Specimen:
    """An impression that is here: its file, the x5t of the seal that it is registered with, and since when."""

    digest: Digest
    seal: str
    registered_at: str


@dataclass(frozen=True, slots=True)
class SpecimensKnown:
    """What is known of a station's impressions: those that are here; `lacking` says why there is none, or why some lack."""

    specimens: tuple[Specimen, ...]
    lacking: Code | None


async def keep_specimens(agent: Agent, client: HubClient, *, clock: Callable[[], datetime]) -> None:
    """Fetch the impressions of every station with an inquiry that has not ended. Raises: Unavailable."""
    with agent.store.read() as tx:
        stations = stations_to_ask(tx)
    for station in stations:
        try:
            statement = await _stated(agent, client, station, clock)
        except HubRefusal as refusal:
            # A hub one version behind knows no such address: letters are looked at without a second picture, as before.
            log.info("no specimens station=%s code=%s", station, refusal.problem.code)
            continue
        except Refused as error:
            log.error("specimens not taken station=%s code=%s", station, error.code.value)
            continue
        for seal in statement.seals:
            for specimen in seal.specimens:
                await _fetched(agent, client, station, specimen, clock)


def take_specimens(agent: Agent, station: StationId, raw: bytes, *, now: datetime) -> SpecimenStatement:
    """Verify the hub's word on `station` and keep it. Raises: Refused (`jws.*`, `specimen.older`), NotVerified."""
    signed = open_specimens(raw, certificates=agent.knowledge.find)
    trust = agent.knowledge.trust()
    check_specimens(signed, origin=agent.log_key.name, station=station, trust=trust, now=now).require()
    with agent.store.write() as tx:
        known = statement_about(tx, station)
        if known is not None and parse_instant(signed.statement.at) < parse_instant(known.at):
            raise Refused(Code.SPECIMENS_OLDER, detail=signed.statement.at)
        keep_statement(tx, station, StatementRow(signed.statement.at, raw))
    return signed.statement


def specimens_known(agent: Agent, station: StationId) -> SpecimensKnown:
    """Return the impressions of `station` that are here, the last registered first. Asks nobody."""
    with agent.store.read() as tx:
        row, asked = statement_about(tx, station), specimens_asked(tx)
    if row is None:
        return SpecimensKnown((), Code.SPECIMEN_AWAITED)
    stated = open_specimens(row.raw, certificates=agent.knowledge.find).statement
    listed = [Specimen(one.digest, seal.seal, one.registered_at) for seal in stated.seals for one in seal.specimens]
    if not listed:
        return SpecimensKnown((), Code.SPECIMENS_NONE)
    here = [one for one in listed if asked.get(one.digest, Code.SPECIMEN_AWAITED.value) is None]
    here.sort(key=lambda one: one.registered_at, reverse=True)
    return SpecimensKnown(tuple(here), None if len(here) == len(listed) else _why(listed, asked))


def _why(listed: list[Specimen], asked: dict[str, str | None]) -> Code:
    refused = any(asked.get(one.digest) == Code.SPECIMEN_DIGEST.value for one in listed)
    return Code.SPECIMEN_DIGEST if refused else Code.SPECIMEN_AWAITED


async def _stated(
    agent: Agent, client: HubClient, station: StationId, clock: Callable[[], datetime]
) -> SpecimenStatement:
    raw = await client.specimens(station)
    await ensure_named(agent, client, [raw])
    return take_specimens(agent, station, raw, now=clock())


async def _fetched(
    agent: Agent,
    client: HubClient,
    station: StationId,
    specimen: RegisteredSpecimen,
    clock: Callable[[], datetime],
) -> None:
    with agent.store.read() as tx:
        if specimens_asked(tx).get(specimen.digest, "") is None:
            return
    try:
        raw = await client.specimen(station, specimen.digest, size=specimen.size)
        if digest_of(raw) != specimen.digest:
            raise Refused(Code.SPECIMEN_DIGEST, detail=specimen.digest)
    except Refused as error:
        trouble = error.problem.code if isinstance(error, HubRefusal) else error.code.value
        log.error("specimen not taken station=%s digest=%s code=%s", station, specimen.digest[:12], trouble)
        with agent.store.write() as tx:
            note_specimen(tx, specimen.digest, trouble=trouble, now=clock())
        return
    # The file first: a row that says it is here must not outlive a crash that the file did not.
    agent.store.blobs.put(raw)
    with agent.store.write() as tx:
        note_specimen(tx, specimen.digest, trouble=None, now=clock())
    log.info("specimen taken station=%s digest=%s", station, specimen.digest[:12])
