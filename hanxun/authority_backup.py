"""Backing an authority up and restoring it. A restored one never issues a revocation list older than the one in force."""

from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from hanxun.authority_folder import AuthorityFolder
from hanxun.files import require_present, write_file
from hub.backup.archive import Summary
from hub.backup.folder import Progress, file_sources, quiet, restore_backup, write_backup
from hub.backup.vault import DEFAULT_COST
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.instants import format_instant
from hub.signing.certificates import read_certificate
from hub.signing.crl import read_crl
from hub.signing.keys import ScryptCost


def back_up_authority(
    folder: Path,
    target: Path,
    passphrase: bytes,
    *,
    now: datetime,
    progress: Progress = quiet,
    cost: ScryptCost = DEFAULT_COST,
) -> Summary:
    """Write a verified backup of the authority's folder into the new file `target` under `passphrase`.

    The root key stays encrypted under its own passphrase inside. Raises: Refused (`file.missing`, `file.exists`,
    `backup.incomplete`, `backup.disk` for a target inside the folder), Unavailable.
    """
    authority = AuthorityFolder(folder)
    for path in (authority.key, authority.certificate, authority.crl):
        require_present(path)
    if target.resolve().is_relative_to(folder.resolve()):
        raise Refused(Code.BACKUP_DISK, detail="inside the authority's folder")
    sources = file_sources(folder, without=())
    summary = Summary(
        kind="ca",
        name=read_certificate(authority.certificate.read_bytes()).name,
        at=format_instant(now),
        program=version("hanxun"),
        revision="",
        files=len(sources),
        bytes=sum(source.size for source in sources),
        envelopes=0,
        leaves=0,
        head="",
    )
    write_backup(target, passphrase, summary, sources, progress=progress, cost=cost)
    return summary


def restore_authority(
    path: Path, folder: Path, passphrase: bytes, *, newer_crl: bytes | None = None, progress: Progress = quiet
) -> Summary:
    """Make the authority's folder, which must be empty or not exist, from a backup: whole or not at all.

    `newer_crl` is the list in force at the hub: what was revoked since the backup stays revoked, and numbers go on behind it.
    Raises: Refused (`restore.not_empty`, `backup.*`, `crl.form`, `cert.chain` for another authority's list, `ca.crl_older`).
    """

    def finish(made: Path, _summary: Summary) -> None:
        authority = AuthorityFolder(made)
        root = read_certificate(authority.certificate.read_bytes())
        present = read_crl(authority.crl.read_bytes())
        if newer_crl is None:
            return
        newer = read_crl(newer_crl)
        if not newer.is_by(root):
            raise Refused(Code.CERT_CHAIN, detail="revocation list")
        if newer.number < present.number:
            raise Refused(Code.CA_CRL_OLDER, detail=f"{newer.number} < {present.number}")
        write_file(authority.crl, newer.der)

    return restore_backup(path, passphrase, folder, kind="ca", finish=finish, progress=progress)
