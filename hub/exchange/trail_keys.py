"""The statement of the trail's keys: drafted at the hub, signed by the root elsewhere, installed here with a leaf."""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from hub.exchange.hub import open_trail, purposes_of, read_settings
from hub.exchange.trust import read_roots
from hub.exchange.witnessing import newest_statement
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.strict_json import encode_json
from hub.protocol.trail_keys import TimeStampAuthority
from hub.signing.trust import Trust
from hub.store.administration import record_statement
from hub.store.database import Readers, open_writer
from hub.store.layout import DataFolder
from hub.store.migrate import require_current
from hub.store.trail_keys import insert_trail_keys, newest_number
from hub.store.witnesses import witnesses_in_use
from hub.trail.keys import TrustedKeys, make_statement, open_trail_keys
from hub.trail.note import parse_verifier_key


def draft_trail_keys(
    data: Path, *, quorum: int, authorities: Sequence[TimeStampAuthority] = (), now: datetime
) -> bytes:
    """Return the next statement, unsigned (JSON): this hub's log key, its stations' witness keys, `quorum` of them.

    Needs no passphrase. Raises: Refused (`policy.form`) for more than there are witnesses, Damaged.
    """
    folder = DataFolder(data)
    require_current(folder.database)
    readers = Readers(folder.database)
    try:
        number, rows, before = readers.read_now(
            lambda tx: (newest_number(tx) + 1, witnesses_in_use(tx), newest_statement(tx))
        )
    finally:
        readers.close()
    statement = make_statement(
        number=number,
        at=now,
        log=parse_verifier_key(folder.trail_verifier.read_text().strip()),
        witnesses=[parse_verifier_key(row.key) for row in rows],
        quorum=quorum,
        # Those stated before stay: a draft must not drop one unseen.
        authorities=tuple(dict.fromkeys((*(before.authorities if before else ()), *authorities))),
    )
    return encode_json(statement)


def install_trail_keys(data: Path, passphrase: bytes, raw: bytes, *, now: datetime) -> TrustedKeys:
    """Install a statement that the root has signed; it is kept with a leaf, and stations fetch it by themselves.

    May run beside a serving hub. Raises: Refused (`jws.*`, `trail_keys.*`, `key.passphrase`), Damaged.
    """
    folder = DataFolder(data)
    settings = read_settings(folder)
    trust = Trust(read_roots(folder.roots.read_bytes(), purposes=purposes_of(settings)), purposes=purposes_of(settings))
    keys = open_trail_keys(raw, trust=trust)
    own = parse_verifier_key(folder.trail_verifier.read_text().strip())
    if own not in keys.log_keys:
        raise Refused(Code.TRAIL_KEYS_FORM, detail="of another log")
    log = open_trail(folder, passphrase, settings)
    require_current(folder.database)
    engine = open_writer(folder.database)
    try:
        with engine.begin() as tx:
            if keys.stated.number <= newest_number(tx):
                raise Refused(Code.TRAIL_KEYS_OLDER, values={"number": keys.stated.number, "newest": newest_number(tx)})
            insert_trail_keys(tx, number=keys.stated.number, at=keys.stated.at, raw=raw)
            record_statement(tx, log, raw, now=now, nonce=os.urandom(16))
    finally:
        engine.dispose()
    return keys
