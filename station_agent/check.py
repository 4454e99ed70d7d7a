"""Whether an agent's database and its files agree: everything that is wrong, not only the first. Changes nothing.

May run beside the service and the desk: what a row names was stored before the row, and files are listed before the rows
are asked for the second time.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from sqlalchemy import Connection

from hub.protocol.codes import Code
from hub.protocol.envelope import Envelope
from hub.protocol.errors import Damaged, Refused
from hub.protocol.finding import Finding, FindingGrade
from hub.protocol.identifiers import Digest, digest_of
from hub.signing.certificates import read_certificate
from hub.signing.jws import stated_payload
from station_agent.settings import load_settings
from station_agent.store import consistency
from station_agent.store.blobs import BlobFolder, hash_file
from station_agent.store.engine import Store, open_store
from station_agent.store.erasures import count_erased

Progress = Callable[[str, int, int], None]
"""Told how far it is: step (`check`), bytes done, bytes in all."""
STALE_S = 7 * 24 * 3600
"""A download that nobody has gone on with for so long is left over."""
DATABASE = "agent.sqlite"


def check_agent(data: Path, *, progress: Progress = lambda *_: None) -> tuple[Finding, ...]:
    """Compare database and files of a data folder; needs no passphrase. A store of an older program is upgraded first.

    Raises: Refused (`config.invalid`), Damaged when there is no store.
    """
    load_settings(data)
    if not (data / DATABASE).is_file():
        raise Damaged(Code.AGENT_STORE_DAMAGED, detail=f"no {DATABASE}")
    store = open_store(data)
    try:
        return tuple(_findings(store, progress))
    finally:
        store.close()


def _findings(store: Store, progress: Progress) -> Iterator[Finding]:
    try:
        with store.read() as tx:
            if (word := consistency.integrity(tx)) != "ok":
                yield Finding(Code.CHECK_DATABASE, DATABASE, word)
            yield from list(_rows(tx))
        yield from _files(store, progress)
    except Damaged as error:
        # What cannot be read cannot be compared.
        yield Finding(Code.CHECK_DATABASE, DATABASE, str(error.detail)[:80])


def _rows(tx: Connection) -> Iterator[Finding]:
    told = {("outbox", "envelopes")}  # has a finding of its own
    for table, other, number in consistency.broken_references(tx):
        if (table, other) not in told:
            yield Finding(Code.CHECK_REFERENCE, f"{table} {number}", f"no such row of {other}")
    for digest, id, in_case, kind, raw in consistency.envelopes_stored(tx):
        yield from _envelope(digest, {"id": id, "case": in_case, "kind": kind}, raw)
    for digest, raw in consistency.acts_stored(tx):
        if digest_of(raw) != digest:
            yield Finding(Code.CHECK_ROW_DIFFERS, digest, "act")
    for digest, envelope, raw, has_envelope in consistency.receipts_changed_or_orphaned(tx):
        if digest_of(raw) != digest:
            yield Finding(Code.CHECK_ROW_DIFFERS, digest, "receipt")
        if not has_envelope:
            yield Finding(Code.CHECK_RECEIPT_ORPHAN, digest, f"envelope {envelope}")
    for seq in consistency.outbox_without_envelope(tx):
        yield Finding(Code.CHECK_OUTBOX_ENVELOPE, str(seq))
    for case, text in consistency.letters_without_number(tx):
        yield Finding(Code.CHECK_LETTER_NUMBER, case, text)
    for code, question in _SIMPLE.items():
        for subject in question(tx):
            yield Finding(code, str(subject))
    yield from _certificates(tx)
    if count := count_erased(tx):
        yield Finding(Code.CHECK_ERASED, str(count), None, FindingGrade.NOTE)


_SIMPLE: dict[Code, Callable[[Connection], list[str] | list[int]]] = {
    Code.CHECK_ENVELOPE_UNQUEUED: consistency.unqueued,
    Code.CHECK_SENT_WITHOUT_RECEIPT: consistency.sent_without_receipt,
    Code.CHECK_DELIVERY_ENVELOPE: consistency.deliveries_without_envelope,
    Code.CHECK_CASE_MISSING: consistency.cases_missing,
    Code.CHECK_LETTER_USE: consistency.acted_on_and_unused,
}


def _envelope(digest: str, said: dict[str, str], raw: bytes) -> Iterator[Finding]:
    if digest_of(raw) != digest:
        yield Finding(Code.CHECK_ROW_DIFFERS, digest, "envelope")
        return
    signed = _payload(raw)
    meant = {"id": signed.id, "case": signed.case, "kind": signed.kind.value}
    for name, value in said.items():
        if value != meant[name]:
            yield Finding(Code.CHECK_ROW_DIFFERS, digest, name)


def _certificates(tx: Connection) -> Iterator[Finding]:
    for x5t, pem in consistency.certificates_kept(tx):
        try:
            good = read_certificate(pem).x5t == x5t
        except Refused:
            good = False
        if not good:
            yield Finding(Code.CHECK_CERTIFICATE, x5t)


def _files(store: Store, progress: Progress) -> Iterator[Finding]:
    blobs, named = store.blobs, _named(store)
    sizes = {digest: _size(blobs.path(digest)) for digest in named}
    done, whole = 0, sum(sizes.values())
    for digest, by in named.items():
        try:
            if hash_file(blobs.path(digest)) != digest:
                yield Finding(Code.CHECK_BLOB_CHANGED, digest, by)
        except FileNotFoundError:
            yield Finding(Code.CHECK_BLOB_MISSING, digest, by)
        except OSError as error:
            yield Finding(Code.CHECK_BLOB_CHANGED, digest, f"cannot be read: {error.strerror}")
        done += sizes[digest]
        progress("check", done, whole)
    there = [path for path in sorted(blobs.root.rglob("*")) if path.is_file()] if blobs.root.is_dir() else []
    yield from _left(blobs, there, named=_named(store))


def _left(blobs: BlobFolder, there: list[Path], *, named: dict[Digest, str]) -> Iterator[Finding]:
    oldest = time.time() - STALE_S
    for path in there:
        name = str(path.relative_to(blobs.root.parent))
        if path.parent == blobs.incoming:
            if path.is_file() and path.stat().st_mtime < oldest:
                yield Finding(Code.CHECK_UPLOAD_STALE, name, None, FindingGrade.NOTE)
        elif path != blobs.path(Digest(path.name)):
            yield Finding(Code.CHECK_FILE_STRANGE, name, None, FindingGrade.NOTE)
        elif path.name not in named:
            yield Finding(Code.CHECK_BLOB_EXTRA, path.name, None, FindingGrade.NOTE)


def _named(store: Store) -> dict[Digest, str]:
    """Return every file that must be here, and one place that says so."""
    with store.read() as tx:
        named = {Digest(digest): by for digest, by in consistency.files_named(tx)}
        for digest, _, _, _, raw in consistency.envelopes_stored(tx):
            if digest_of(raw) == digest:
                named |= {item.digest: f"envelope {digest}" for item in _payload(raw).attachments}
    return named


def _payload(raw: bytes) -> Envelope:
    return msgspec.json.decode(stated_payload(raw), type=Envelope)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
