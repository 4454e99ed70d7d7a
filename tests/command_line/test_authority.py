"""The authority: fingerprints are compared before anything is issued; its folder is backed up encrypted and comes back whole."""

from datetime import timedelta
from pathlib import Path

import pytest
import typer.testing

from hanxun.authority_backup import back_up_authority, restore_authority
from hanxun.authority_folder import AuthorityFolder
from hanxun.ca import app
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.authority import Subject, make_request, read_request
from hub.signing.crl import Revocation, read_crl
from hub.signing.fingerprints import key_digest, short
from hub.signing.keys import generate_key
from tests.exchange.builders import CHEAP, A, a_province, now_utc

SECRET = b"the root key's own passphrase"
BACKUP = b"another passphrase for the backup"


@pytest.fixture
def authority(tmp_path: Path) -> AuthorityFolder:
    folder = AuthorityFolder(tmp_path / "ca")
    folder.create(name="根", passphrase=SECRET, now=now_utc() - timedelta(hours=1), years=5)
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "a.csr.pem").write_bytes(make_request(generate_key("Ed25519"), Subject("新桥函询", station=A)))
    return folder


def issue(tmp_path: Path, *options: str, typed: str = "") -> typer.testing.Result:
    words = ["issue", str(tmp_path / "a.csr.pem"), "--dir", str(tmp_path / "ca"), "--kind", "agent"]
    words += ["--out", str(tmp_path / "a.pem"), "--passphrase-file", str(tmp_path / "secret")]
    return typer.testing.CliRunner().invoke(app, [*words, *options], input=typed)


def test_a_certificate_is_issued_only_for_the_fingerprint_that_was_read_out(
    authority: AuthorityFolder, tmp_path: Path
) -> None:
    right = short(key_digest(read_request((tmp_path / "a.csr.pem").read_bytes()).public_key))
    wrong = right.replace(right[0], "0" if right[0] != "0" else "1")
    for options, typed in (((("--fingerprint", wrong)), ""), ((), f"{wrong}\n"), ((), "y\n")):
        answer = issue(tmp_path, *options, typed=typed)
        assert isinstance(answer.exception, Refused)
        assert answer.exception.code is Code.FINGERPRINT_MISMATCH
        assert not (tmp_path / "a.pem").exists()
        assert not authority.issued.exists()
    shown = issue(tmp_path, typed=f"{right.upper()}\n")
    assert shown.exit_code == 0, shown.output
    assert right in shown.output
    assert (tmp_path / "a.pem").exists()


def test_a_restored_authority_goes_on_where_it_was(authority: AuthorityFolder, tmp_path: Path) -> None:
    assert issue(tmp_path, "--yes").exit_code == 0
    back_up_authority(authority.root, tmp_path / "ca.hxb", BACKUP, now=now_utc(), cost=CHEAP)
    raw = (tmp_path / "ca.hxb").read_bytes()
    assert authority.certificate.read_bytes() not in raw
    assert b"PRIVATE KEY" not in raw
    restore_authority(tmp_path / "ca.hxb", tmp_path / "restored", BACKUP)
    restored = AuthorityFolder(tmp_path / "restored")
    files = {path.relative_to(authority.root) for path in authority.root.rglob("*.*")}
    assert {path.relative_to(restored.root) for path in restored.root.rglob("*.*")} == files
    signer = restored.unlock(SECRET)
    assert restored.revoke(signer, (), now=now_utc()).number == 2


def test_what_was_revoked_since_the_backup_stays_revoked(authority: AuthorityFolder, tmp_path: Path) -> None:
    back_up_authority(authority.root, tmp_path / "ca.hxb", BACKUP, now=now_utc(), cost=CHEAP)
    signer = authority.unlock(SECRET)
    authority.revoke(signer, (Revocation(4711, now_utc(), None, None),), now=now_utc())
    in_force = authority.crl.read_bytes()
    restore_authority(tmp_path / "ca.hxb", tmp_path / "restored", BACKUP, newer_crl=in_force)
    restored = AuthorityFolder(tmp_path / "restored")
    fresh = restored.revoke(restored.unlock(SECRET), (), now=now_utc() + timedelta(seconds=1))
    assert 4711 in fresh.entries
    assert fresh.number == read_crl(in_force).number + 1


def test_another_authoritys_list_and_a_wrong_passphrase_are_refused(authority: AuthorityFolder, tmp_path: Path) -> None:
    back_up_authority(authority.root, tmp_path / "ca.hxb", BACKUP, now=now_utc(), cost=CHEAP)
    for passphrase, crl, code in (
        (b"wrong", None, Code.BACKUP_PASSPHRASE),
        (BACKUP, a_province().crl(), Code.CERT_CHAIN),
    ):
        with pytest.raises(Refused) as refusal:
            restore_authority(tmp_path / "ca.hxb", tmp_path / "restored", passphrase, newer_crl=crl)
        assert refusal.value.code is code
        assert not (tmp_path / "restored").exists()
