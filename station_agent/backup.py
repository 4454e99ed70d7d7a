"""An agent's backup while it serves, and its restore: a restored agent gives out no number twice and acts on no letter twice.

Databases are copied first, then the files that lie under their digests (they never change), then keys, trust and settings.
The population register has backups of its own: it is in here only if it lies in the agent's folder.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from hub.backup.archive import Source, Summary
from hub.backup.folder import (
    Progress,
    database_sources,
    file_sources,
    quiet,
    restore_backup,
    staged,
    write_backup,
)
from hub.backup.vault import DEFAULT_COST
from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, Refused
from hub.protocol.identifiers import Digest
from hub.protocol.instants import SHANGHAI, format_instant, parse_instant
from hub.signing.keys import ScryptCost
from hub.trail.note import parse_verifier_key
from station_agent.folder import AgentFolder
from station_agent.history import RESTORED
from station_agent.settings import load_settings
from station_agent.store.deliveries import cursor_of
from station_agent.store.engine import look_into, open_store, revision_of
from station_agent.store.envelopes import count_envelopes
from station_agent.store.numbers import leave_out_numbers
from station_agent.store.restores import SkippedRow
from station_agent.store.trust import newest_checkpoint, remember

DATABASE = "agent.sqlite"


def backup_agent(
    data: Path,
    target: Path,
    passphrase: bytes,
    *,
    now: datetime,
    progress: Progress = quiet,
    cost: ScryptCost = DEFAULT_COST,
) -> Summary:
    """Write a verified backup of the data folder into the new file `target` under `passphrase`; the agent may be serving.

    Raises: Refused (`config.invalid`, `file.exists`, `backup.incomplete`), Damaged, Unavailable; no file is left then.
    """
    settings = load_settings(data)
    if not (data / DATABASE).is_file():
        raise Damaged(Code.AGENT_STORE_DAMAGED, detail=f"no {DATABASE}")
    if target.resolve().is_relative_to(data.resolve()):
        raise Refused(Code.BACKUP_DISK, detail="inside the data folder")
    with staged(data) as stage:
        databases = database_sources(data, stage)
        sources = (*databases, *_blob_sources(data / "blobs"), *file_sources(data, without=("blobs",)))
        origin = parse_verifier_key(settings.trail.key).name
        with look_into(stage / DATABASE) as tx:
            revision, envelopes, head = revision_of(tx), count_envelopes(tx), newest_checkpoint(tx, origin)
        summary = Summary(
            kind="agent",
            name=f"{settings.station} {settings.name}",
            at=format_instant(now),
            program=version("hanxun"),
            revision=revision,
            files=len(sources),
            bytes=sum(source.size for source in sources),
            envelopes=envelopes,
            leaves=head.size if head else 0,
            head=head.note if head else "",
        )
        write_backup(target, passphrase, summary, sources, progress=progress, cost=cost)
    return summary


def restore_agent(
    path: Path, passphrase: bytes, data: Path, *, now: datetime, progress: Progress = quiet
) -> tuple[Summary, tuple[SkippedRow, ...]]:
    """Make the data folder `data`, which must be empty or not exist, from a backup: whole or not at all.

    The next numbers are left out, the gate is shut until the agent has fetched from the hub what it lacks. Returns what the
    backup was of and the numbers left out. Raises: Refused (`restore.not_empty`, `backup.*`), Damaged, Unavailable.
    """
    skipped: list[SkippedRow] = []

    def finish(made: Path, summary: Summary) -> None:
        (made / "blobs").mkdir(mode=0o700, exist_ok=True)
        skipped.extend(_mark_restored(made, parse_instant(summary.at), now))

    summary = restore_backup(path, passphrase, data, kind="agent", finish=finish, progress=progress)
    return summary, tuple(skipped)


def _mark_restored(made: Path, backup_at: datetime, now: datetime) -> Iterable[SkippedRow]:
    # It may have cosigned since: a witness that forgets what it has seen must not sign once more.
    AgentFolder(made).witness.unlink(missing_ok=True)
    store = open_store(made)
    # Across a turn of the year, numbers of both years may have been given out since.
    years = range(backup_at.astimezone(SHANGHAI).year, now.astimezone(SHANGHAI).year + 1)
    reason = f"恢复 {format_instant(backup_at)} 的备份 / restored from a backup"
    try:
        with store.write() as tx:
            remember(tx, RESTORED, json.dumps({"after": cursor_of(tx), "at": format_instant(now)}))
            return leave_out_numbers(tx, reason, years=years, now=now)
    finally:
        store.close()


def _blob_sources(folder: Path) -> list[Source]:
    return [_blob(path) for path in sorted(folder.glob("[0-9a-f][0-9a-f]/*")) if path.is_file()]


def _blob(path: Path) -> Source:
    name = f"blobs/{path.parent.name}/{path.name}"
    return Source(name, path.stat().st_size, lambda: path.open("rb"), Digest(path.name))
