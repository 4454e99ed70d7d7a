"""Time-stamping the trail: now and then the newest checkpoint that enough stations have cosigned is stamped; one stamp covers
all before it. Nothing waits for that: while the authority is away evidence is pending, and completed later."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import rsa

from hub.disk import write_file
from hub.exchange.hub import Hub
from hub.exchange.witnessing import checkpoint_to_rest_on, newest_statement
from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError, Refused
from hub.protocol.trail_keys import TimeStampAuthority
from hub.signing.certificates import Certified, read_certificate
from hub.signing.keys import decrypt_key, encrypt_key
from hub.signing.time_stamps import make_query, make_trial_authority, open_token, read_answer, stamp_for_trial
from hub.store.layout import DataFolder
from hub.store.time_stamps import insert_time_stamp, newest_time_stamp
from hub.trail.checkpoint import parse_checkpoint

log = logging.getLogger(__name__)
Ask = Callable[[bytes], Awaitable[bytes]]
"""Hands a query (DER) to the authority and returns its answer. Raises: Unavailable."""
TRIAL_NAME = "试用时间戳 trial time-stamps"


@dataclass(frozen=True, slots=True)
class _Due:
    size: int
    checkpoint: str
    authorities: tuple[Certified, ...]


async def stamp_for_ever(hub: Hub, ask: Ask, *, every_s: float) -> None:
    """Stamp what is due, now and then, until cancelled."""
    while True:
        try:
            await stamp_once(hub, ask)
        except HanxunError as error:
            log.warning("not time-stamped code=%s detail=%s", error.code.value, error.detail)
        await asyncio.sleep(every_s)


async def stamp_once(hub: Hub, ask: Ask) -> bool:
    """Have the newest checkpoint stamped, if it is not, and say whether it was. Raises: Unavailable, Refused."""
    due = await hub.readers.read(_due)
    if due is None:
        return False
    text = parse_checkpoint(due.checkpoint.encode()).note.text
    query = make_query(text, nonce=int.from_bytes(hub.random(8), "big"))
    token = read_answer(await ask(query))
    if not any(_holds(token, text, authority) for authority in due.authorities):
        raise Refused(Code.TIME_STAMP_INVALID, detail="not by an authority that the statement names")
    now = hub.clock()

    def file(tx: sa.Connection) -> None:
        insert_time_stamp(tx, size=due.size, checkpoint=due.checkpoint, raw=token, now=now)

    await hub.writer.run(file)
    log.info("time-stamped size=%d", due.size)
    return True


def make_trial_time_stamps(data: Path, passphrase: bytes, *, now: datetime) -> TimeStampAuthority:
    """Return the hub's own trial authority; its key is made at the first call. Raises: Refused (`key.*`)."""
    folder = DataFolder(data)
    if not folder.time_stamp_certificate.is_file():
        decrypt_key(folder.trail_key.read_bytes(), passphrase)  # one passphrase for all keys of the hub
        key = rsa.generate_private_key(65537, 3072)
        certified = make_trial_authority(key, name=TRIAL_NAME, not_before=now - timedelta(days=1))
        write_file(folder.time_stamp_key, encrypt_key(key, passphrase), secret=True)
        write_file(folder.time_stamp_certificate, certified.pem)
    pem = folder.time_stamp_certificate.read_text()
    return TimeStampAuthority(name=TRIAL_NAME, certificate=pem, trial=True)


def ask_own_authority(folder: DataFolder, passphrase: bytes, clock: Callable[[], datetime]) -> Ask | None:
    """Return how the hub's trial authority is asked, None where there is none. Raises: Refused (`key.*`)."""
    if not folder.time_stamp_certificate.is_file():
        return None
    certified = read_certificate(folder.time_stamp_certificate.read_bytes())
    key = decrypt_key(folder.time_stamp_key.read_bytes(), passphrase)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Refused(Code.KEY_UNSUITABLE, detail=folder.time_stamp_key.name)

    async def ask(query: bytes) -> bytes:
        return await asyncio.to_thread(stamp_for_trial, query, key=key, certified=certified, at=clock())

    return ask


def _due(tx: sa.Connection) -> _Due | None:
    statement, found = newest_statement(tx), checkpoint_to_rest_on(tx)
    if statement is None or not statement.authorities or found is None:
        return None
    size, checkpoint = found
    last = newest_time_stamp(tx)
    if size == 0 or (last is not None and last.size >= size):
        return None
    authorities = tuple(read_certificate(item.certificate.encode()) for item in statement.authorities)
    return _Due(size, checkpoint, authorities)


def _holds(token: bytes, text: bytes, authority: Certified) -> bool:
    try:
        open_token(token, text, authority=authority)
    except Refused:
        return False
    return True
