"""Logging what happened at stations: signed events become leaves, exactly once, in the transaction that stores them."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from hub.exchange.hub import Hub
from hub.protocol.codes import Code
from hub.protocol.errors import NotPermitted, Refused
from hub.protocol.identifiers import StationId
from hub.protocol.receipt import TrailPosition
from hub.protocol.station_event import LoggedEvents
from hub.signing.station_events import SignedStationEvent, check_station_event, open_station_event
from hub.store.station_events import (
    StationEventRow,
    event_ids_known,
    events_by_digest,
    insert_station_events,
    leaf_record_of,
)
from hub.store.trail_log import TrailLog, head_of, tile_reader
from hub.trail.lines import encode_base64
from hub.trail.proofs import inclusion_proof
from hub.trail.record import NONCE_SIZE, make_record
from hub.trail.tiles import nodes_from_tiles


async def log_events(raws: Sequence[bytes], *, caller: StationId, hub: Hub) -> LoggedEvents:
    """Log the events of the calling station and say where each stands; one that was logged before keeps its leaf.

    All or none. Raises: NotPermitted, Refused (`jws.*`, `json.*`, `cert.*`, `event.id_reused`), with the event's place.
    """
    now, trust = hub.clock(), hub.trust.refresh()
    signed = []
    for place, raw in enumerate(raws):
        try:
            opened = open_station_event(raw, certificates=hub.trust.certificate)
            if opened.event.station != caller:
                raise NotPermitted(Code.CERTIFICATE_STATION, detail=f"event of {opened.event.station}")
            check_station_event(opened, trust=trust, at=now, now=now).require()
        except Refused as error:
            error.field = f"/events/{place}"
            raise
        signed.append(opened)
    nonces = hub.random(NONCE_SIZE * len(signed))
    return await hub.writer.run(lambda tx: _log(tx, hub.trail, signed, now=now, nonces=nonces))


def _log(
    tx: sa.Connection, log: TrailLog, signed: Sequence[SignedStationEvent], *, now: datetime, nonces: bytes
) -> LoggedEvents:
    known = events_by_digest(tx, (item.digest for item in signed))
    new = list({item.digest: item for item in signed if item.digest not in known}.values())
    if new:
        ids = [item.event.id for item in new]
        if len(set(ids)) < len(ids) or event_ids_known(tx, ids):
            raise Refused(Code.EVENT_ID_REUSED)
        log.begin(tx, head_of(tx))
        first = log.append_last(
            [
                make_record(
                    event=item.event.event,
                    digest=item.digest,
                    id=item.event.id,
                    at=now,
                    nonce=nonces[place * NONCE_SIZE : (place + 1) * NONCE_SIZE],
                )
                for place, item in enumerate(new)
            ]
        )
        rows = [
            StationEventRow(item.digest, item.event.id, item.event.station, first + place, item.raw)
            for place, item in enumerate(new)
        ]
        insert_station_events(tx, rows)
        log.flush(tx)
        known |= {row.digest: row.leaf for row in rows}
    head, nodes = head_of(tx), nodes_from_tiles(tile_reader(tx))
    return LoggedEvents(
        positions=tuple(
            TrailPosition(
                index=known[item.digest],
                leaf=encode_base64(leaf_record_of(tx, known[item.digest])),
                proof=tuple(map(encode_base64, inclusion_proof(known[item.digest], head.size, nodes))),
                checkpoint=head.checkpoint,
            )
            for item in signed
        )
    )
