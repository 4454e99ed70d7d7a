"""The container's form: deterministic, readable by everybody, and one spelling only."""

import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.purposes import CertificateKind
from hub.trail.evidence.container import DataFile, read_container, write_files
from hub.trail.evidence.manifest import Listed, digest_value, parse_manifest, write_manifest
from hub.trail.evidence.zip_form import Member, read_zip, write_zip
from tests.signing.builders import NOW, SampleProvince

MEMBERS = (Member("mimetype", b"x"), Member("letters/0001.pdf", b"%PDF"), Member("empty.txt", b""))
ZIP = write_zip(MEMBERS)
SIGNER = SampleProvince().certify(CertificateKind.EVIDENCE)
FILES = (
    DataFile("report.json", "application/json", b"{}\n"),
    DataFile("certs/0001.pem", "application/x-pem-file", b"-"),
)


def refusal(action: object, *arguments: object) -> Code:
    with pytest.raises(Refused) as caught:
        action(*arguments)  # type: ignore[operator]
    return caught.value.code


def test_what_is_written_is_read() -> None:
    assert read_zip(ZIP) == MEMBERS
    opened = read_container(write_files(FILES, signer=SIGNER, at=NOW))
    assert opened.files == FILES


def test_equal_members_give_equal_bytes_and_the_standard_library_writes_the_same() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for member in MEMBERS:
            info = zipfile.ZipInfo(member.name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o100644 << 16
            archive.writestr(info, member.raw)
    assert write_zip(MEMBERS) == ZIP == out.getvalue()


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed")
def test_unzip_opens_it(tmp_path: Path) -> None:
    (tmp_path / "f.asice").write_bytes(ZIP)
    done = subprocess.run(["unzip", "-t", str(tmp_path / "f.asice")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_changed_byte_of_the_zip_is_refused_or_is_in_a_member_at_every_place() -> None:
    for offset in range(len(ZIP)):
        for difference in (1, 0x20, 0x80):
            other = bytearray(ZIP)
            other[offset] ^= difference
            try:
                members = read_zip(bytes(other))
            except Refused:
                continue
            assert members != MEMBERS, offset


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/etc/passwd",
        "a/b/c",
        "a\\b",
        "..",
        ".",
        "",
        "a/",
        "é.txt",
        "a b",
        "CON:",
        "x" * 80,
        "-rf",
        ".hidden",
    ],
)
def test_a_name_that_could_do_harm_is_refused(name: str) -> None:
    assert refusal(write_zip, [Member(name, b"")]) is Code.EVIDENCE_NAME


def test_names_that_differ_by_case_only_are_refused() -> None:
    assert refusal(write_zip, [Member("a.txt", b""), Member("A.txt", b"")]) is Code.EVIDENCE_NAME


@pytest.mark.parametrize(
    "raw", [b"", b"PK", b"PK\5\6" + bytes(18), ZIP[:-1], ZIP + b"\0", b"\0" + ZIP, ZIP * 2, ZIP[:40]]
)
def test_what_is_not_exactly_that_zip_is_refused(raw: bytes) -> None:
    assert refusal(read_zip, raw) is Code.EVIDENCE_ZIP


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for reader in (read_zip, read_container, parse_manifest):
        for bytes_ in (raw, ZIP[: len(raw)] + raw):
            try:
                reader(bytes_)
            except Refused:
                continue


def test_a_manifest_has_one_spelling() -> None:
    listed = (Listed("report.json", "application/json", digest_value(b"{}")),)
    manifest = write_manifest(listed)
    assert parse_manifest(manifest) == listed
    for old, new in [
        (b"\n", b"\r\n"),
        (b"sha256", b"sha1"),
        (b"?>\n", b"?>\n<!DOCTYPE a>\n"),
        (b"</asic:ASiCManifest>", b"<!-- --></asic:ASiCManifest>"),
        (b'URI="report.json"', b'URI="report.json" '),
        (b'URI="report.json"', b'URI="report&#46;json"'),
        (b'URI="report.json"', b"URI='report.json'"),
        (b"=</ds", b"</ds"),
        (b'encoding="UTF-8"', b'encoding="utf-8"'),
    ]:
        changed = manifest.replace(old, new)
        assert changed != manifest
        assert refusal(parse_manifest, changed) is Code.EVIDENCE_MANIFEST


def test_the_containers_own_names_are_not_for_data() -> None:
    for name in ("mimetype", "META-INF/other.xml", "META-INF/signature001.p7s"):
        assert refusal(lambda name=name: write_files([DataFile(name, "text/plain", b"")], signer=SIGNER, at=NOW)) in (
            Code.EVIDENCE_NAME,
        )
