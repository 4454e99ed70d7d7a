"""What the register remembers of seals: lists that evidence has brought and that held. An agent that leaves a list out hides nothing
that the register has seen before."""

from sqlalchemy import Connection

from hub.protocol.seal_status import SealStatusList
from hub.protocol.strict_json import decode_strict, encode_json
from hub.signing.seal_lists import SealBook
from station_agent.register import tables


def remember_seals(tx: Connection, brought: SealBook) -> SealBook:
    """Keep the lists brought that say something new, and return all that is remembered, with the age that `brought` allows."""
    kept = {number: decode_strict(raw, SealStatusList) for number, raw in tables.seal_lists_kept(tx)}
    for item in brought.lists:
        known = [other for other in kept.values() if other.number >= item.number]
        if any(_said(item) <= _said(other) for other in known):
            continue
        obsolete = [number for number, other in kept.items() if _said(other) <= _said(item)]
        tables.put_seal_list(tx, item.number, encode_json(item), instead_of=obsolete)
        kept = {number: other for number, other in kept.items() if number not in obsolete} | {item.number: item}
    return SealBook(tuple(kept.values()), max_age=brought.max_age)


def _said(item: SealStatusList) -> frozenset[object]:
    # An empty list says something too: that this deployment has a register of seals.
    return frozenset({(entry.seal, event) for entry in item.seals for event in entry.events} | {item.origin})
