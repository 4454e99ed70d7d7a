"""What must hold when everything has settled: read from the folders' databases and files, after every process has ended.

Each function asserts one promise of DESIGN's invariants; nothing here asks a process.
"""

from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import sqlalchemy as sa

from hub.exchange.check import check_hub
from hub.protocol.envelope import Attachment, Envelope, Kind
from hub.protocol.identifiers import Digest, digest_of
from hub.protocol.receipt import TrailPosition
from hub.signing.certificates import known, read_certificate
from hub.signing.receipts import SignedReceipt, open_receipt
from hub.store.blobs import BlobStore, hash_file
from hub.store.database import Readers
from hub.store.schema import exchange as hub_tables
from hub.store.schema.trail import station_events
from hub.store.trail_log import head_of, leaf_records, tile_reader
from hub.trail.checkpoint import open_checkpoint
from hub.trail.position import parse_position
from hub.trail.record import LeafEvent, parse_record
from hub.trail.verify import verify_tree
from station_agent.receipts import check_receipt_for
from station_agent.store.cases import all_cases
from station_agent.store.deliveries import FILED, delivery_rows
from station_agent.store.outbox import SENT, outbox_rows
from station_agent.store.schema import exchange as agent_tables
from station_agent.store.verdicts import decode_checks
from tests.end_to_end.stories import Exchange
from tests.end_to_end.world import Station, World, now_utc

STATION_EVENTS = {LeafEvent.READING, LeafEvent.SEAL_USE, LeafEvent.GATE_VERDICT, LeafEvent.REGISTER_ACT}


@dataclass(frozen=True)
class Filed:
    """One envelope at the hub, with the receipt that answered it."""

    seq: int
    digest: Digest
    case: str
    kind: str
    sender: str
    receiver: str
    leaf: int
    raw: bytes
    receipt: bytes
    receipt_leaf: int
    envelope: Envelope


@dataclass(frozen=True)
class HubState:
    """Everything the hub has on disk."""

    filed: tuple[Filed, ...]
    cases: dict[str, str]
    mailbox: dict[str, list[int]]
    blobs: dict[str, int]
    named_blobs: frozenset[str]
    receipts: int
    alarms: int
    records: tuple[bytes, ...]
    events: tuple[tuple[str, bytes, int], ...]
    """What stations told of themselves: digest, bytes, leaf."""

    @property
    def by_digest(self) -> dict[Digest, Filed]:
        """The envelopes by digest."""
        return {one.digest: one for one in self.filed}


@dataclass(frozen=True)
class Held:
    """One envelope at an agent, with the receipts that it keeps for it."""

    raw: bytes
    incoming: bool
    receipts: tuple[bytes, ...]


def check_everything(world: World, exchanges: Iterable[Exchange]) -> HubState:
    """Assert every promise, and return what the hub holds."""
    hub = read_hub(world)
    check_hub_is_whole(world, hub)
    check_trail(world, hub)
    check_receipts(world, hub)
    for station in world.stations:
        check_station_is_in_step(station, hub)
        check_station_has_its_files(station, hub)
    check_exchanges(world, hub, list(exchanges))
    return hub


def read_hub(world: World) -> HubState:
    """Read the hub's store."""
    readers = Readers(world.hub_folder.database)
    try:
        return readers.read_now(_hub_state)
    finally:
        readers.close()


def check_hub_is_whole(world: World, hub: HubState) -> None:
    """No envelope without its receipt, no receipt without its envelope; no letter's bytes without either; no alarm."""
    assert len(hub.filed) == hub.receipts == len(hub.by_digest)
    assert len({one.envelope.id for one in hub.filed}) == len(hub.filed)
    assert all(digest_of(one.raw) == one.digest for one in hub.filed)
    assert hub.alarms == 0
    store = BlobStore(world.hub_folder)
    assert set(store.names()) == set(hub.blobs) == hub.named_blobs
    for digest, size in hub.blobs.items():
        assert hash_file(store.path_of(Digest(digest))) == (digest, size)
    named = {item.digest: item.size for one in hub.filed for item in one.envelope.attachments}
    assert named == hub.blobs
    assert list(world.hub_folder.uploads.iterdir()) == []
    report = check_hub(world.hub_folder.root)
    assert (report.findings, report.ok) == ((), True)
    inquiries = {one.digest for one in hub.filed if one.kind != Kind.HANDOVER}
    handed_over = Counter(str(one.envelope.body["received"]) for one in hub.filed if one.kind == Kind.HANDOVER)
    assert handed_over == Counter(dict.fromkeys(inquiries, 1))


def check_trail(world: World, hub: HubState) -> None:
    """The trail re-derives from its records, agrees with every checkpoint ever given out, and has each event once."""
    readers = Readers(world.hub_folder.database)
    log_key = world.stations[0].agent.log_key
    try:
        head = readers.read_now(head_of)
        signed = open_checkpoint(head.checkpoint.encode(), origin=log_key.name, log_keys=(log_key,))
        given_out = [parse_position(_position(one.receipt, world)).signed.checkpoint for one in hub.filed]
        finding = readers.read_now(
            lambda tx: verify_tree(hub.records, head=signed.checkpoint, read_tile=tile_reader(tx), against=given_out)
        )
    finally:
        readers.close()
    assert finding.ok, finding.first_bad
    assert head.size == finding.frontier.size == len(hub.records)
    records = [parse_record(raw) for raw in hub.records]
    events = Counter((record.event, record.digest) for record in records)
    expected = Counter({(_event(one), one.digest): 1 for one in hub.filed})
    expected += Counter({(LeafEvent.RECEIPT.value, digest_of(one.receipt)): 1 for one in hub.filed})
    told = Counter({(records[leaf].event, digest): 1 for digest, _, leaf in hub.events})
    assert all(digest_of(raw) == records[leaf].digest == digest for digest, raw, leaf in hub.events)
    assert {event for event, _ in told} <= STATION_EVENTS
    expected += told
    assert Counter({key: n for key, n in events.items() if key[0] != LeafEvent.ADMINISTRATION}) == expected
    for one in hub.filed:
        assert (records[one.leaf].event, records[one.leaf].digest) == (_event(one), one.digest)
        assert records[one.receipt_leaf].digest == digest_of(one.receipt)


def check_receipts(world: World, hub: HubState) -> None:
    """Every receipt is the hub's, about its envelope, and shows its place in the trail."""
    agent = world.stations[0].agent
    for one in hub.filed:
        signed = _opened(one.receipt, world)
        handover = one.kind == Kind.HANDOVER
        verdict = check_receipt_for(
            signed,
            envelope=Digest(str(one.envelope.body["received"])) if handover else one.digest,
            handover=one.digest if handover else None,
            trust=agent.knowledge.trust(),
            log_key=agent.log_key,
            seen=None,
            now=now_utc(),
        )
        assert verdict.passed, verdict.not_passed
        assert signed.receipt.trail is not None
        assert signed.receipt.trail.index == one.leaf


def check_station_is_in_step(station: Station, hub: HubState) -> None:
    """The station holds each envelope of its own once, with the hub's receipt; sent all, fetched all, filed all."""
    held = _held(station)
    mine = {one.digest: one for one in hub.filed if station.code in (one.sender, one.receiver)}
    assert held.keys() == mine.keys()
    for digest, copy in held.items():
        assert copy.raw == mine[digest].raw
        assert copy.incoming == (mine[digest].receiver == station.code)
        assert copy.receipts == (mine[digest].receipt,)
    with station.agent.store.read() as tx:
        outbox, deliveries = outbox_rows(tx), delivery_rows(tx)
        cases = {row.case: row.state for row in all_cases(tx)}
    assert [row for row in outbox if row.state != SENT] == []
    assert len(outbox) == sum(not copy.incoming for copy in held.values())
    assert [row.cursor for row in deliveries] == hub.mailbox.get(station.code, [])
    for row in deliveries:
        assert (row.state, decode_checks(row.checks).not_passed) == (FILED, ())
    assert cases == {case: hub.cases[case] for case in cases}


def check_station_has_its_files(station: Station, hub: HubState) -> None:
    """Every file that an envelope names is here under its digest, and no other; nothing is left half fetched."""
    named: dict[Digest, Attachment] = {
        item.digest: item
        for one in hub.filed
        if station.code in (one.sender, one.receiver)
        for item in one.envelope.attachments
    }
    folder = station.data / "blobs"
    here = {Digest(path.name): path for path in folder.glob("??/*")}
    assert here.keys() == named.keys()
    for digest, path in here.items():
        assert hash_file(path) == (digest, named[digest].size)
    assert _names(folder / "incoming") == []


def check_exchanges(world: World, hub: HubState, exchanges: list[Exchange]) -> None:
    """What the officers did is what the hub has: these cases, these messages, nothing lost and nothing twice."""
    assert hub.cases == {exchange.case: "closed" for exchange in exchanges}
    kinds: dict[str, Counter[str]] = {}
    for one in hub.filed:
        kinds.setdefault(one.case, Counter())[one.kind] += 1
    for exchange in exchanges:
        assert exchange.closed, exchange.case
        assert kinds[exchange.case] == exchange.kinds, exchange.case
        said = [one.digest for one in hub.filed if one.case == exchange.case and one.kind != Kind.HANDOVER]
        assert said == exchange.sent
    for station in world.stations:
        with station.agent.store.read() as tx:
            own = {row.case for row in all_cases(tx)}
        assert own == {e.case for e in exchanges if station in (e.opener, e.answerer)}


def _hub_state(tx: sa.Connection) -> HubState:
    e, r, a, m = hub_tables.envelopes, hub_tables.receipts, hub_tables.attachments, hub_tables.mailbox
    columns = (e.c.seq, e.c.digest, e.c.case_id, e.c.kind, e.c.sender, e.c.receiver, e.c.leaf, e.c.raw)
    answered = sa.select(*columns, r.c.raw.label("receipt"), r.c.leaf.label("receipt_leaf")).join(r, r.c.seq == e.c.seq)
    filed = tuple(Filed(*row, _payload(row.raw)) for row in tx.execute(answered.order_by(e.c.seq)))
    assert len(filed) == tx.execute(sa.select(sa.func.count()).select_from(e)).scalar_one()
    mailbox: dict[str, list[int]] = {}
    for row in tx.execute(sa.select(m.c.station, m.c.seq).order_by(m.c.seq)):
        mailbox.setdefault(row.station, []).append(row.seq)
    return HubState(
        filed=filed,
        cases={row.id: row.state for row in tx.execute(sa.select(hub_tables.cases.c.id, hub_tables.cases.c.state))},
        mailbox=mailbox,
        blobs={row.digest: row.size for row in tx.execute(sa.select(hub_tables.blobs))},
        named_blobs=frozenset(tx.execute(sa.select(a.c.digest).join(r, r.c.seq == a.c.seq)).scalars()),
        receipts=tx.execute(sa.select(sa.func.count()).select_from(r)).scalar_one(),
        alarms=tx.execute(sa.select(sa.func.count()).select_from(hub_tables.alarms)).scalar_one(),
        records=tuple(record for _, record in leaf_records(tx)),
        events=tuple((row.digest, row.raw, row.leaf) for row in tx.execute(sa.select(station_events))),
    )


def _held(station: Station) -> dict[Digest, Held]:
    e, r = agent_tables.envelopes, agent_tables.receipts
    with station.agent.store.read() as tx:
        rows = tx.execute(sa.select(e.c.digest, e.c.raw, e.c.incoming)).all()
        receipts = tx.execute(sa.select(r.c.envelope, r.c.raw).order_by(r.c.seq)).all()
    assert len({row.digest for row in rows}) == len(rows)
    assert {row.envelope for row in receipts} <= {row.digest for row in rows}
    return {
        Digest(row.digest): Held(
            row.raw, bool(row.incoming), tuple(one.raw for one in receipts if one.envelope == row.digest)
        )
        for row in rows
    }


def _payload(raw: bytes) -> Envelope:
    return msgspec.json.decode(urlsafe_b64decode(raw.split(b".")[1] + b"=="), type=Envelope)


def _opened(receipt: bytes, world: World) -> SignedReceipt:
    certified = read_certificate(world.hub_folder.hub_certificate.read_bytes())
    return open_receipt(receipt, certificates=known((certified,)))


def _position(receipt: bytes, world: World) -> TrailPosition:
    position = _opened(receipt, world).receipt.trail
    assert position is not None
    return position


def _event(one: Filed) -> str:
    return LeafEvent.HANDOVER.value if one.kind == Kind.HANDOVER else LeafEvent.ENVELOPE.value


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
