"""The encrypted stream and the archive in it: what was written comes back, and any other bytes are refused with one code."""

import io
import os
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.backup.archive import MANIFEST, Listed, Read, Source, Summary, read_archive, write_archive
from hub.backup.vault import CHUNK, VaultWriter, read_vault
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest
from hub.signing.keys import ScryptCost

CHEAP = ScryptCost(n=1024, r=8, p=1)
PASSPHRASE = b"kept in the safe"
SUMMARY = Summary(
    kind="hub", name="o", at="2026-11-24T00:00:00Z", program="0", revision="0002", files=1, bytes=1,
    envelopes=0, leaves=0, head="",
)  # fmt: skip


def sealed(*parts: bytes) -> bytes:
    file = io.BytesIO()
    vault = VaultWriter(file, PASSPHRASE, cost=CHEAP)
    for part in parts:
        vault.write(part)
    vault.close()
    return file.getvalue()


def opened(raw: bytes, passphrase: bytes = PASSPHRASE) -> bytes:
    return b"".join(read_vault(io.BytesIO(raw), passphrase))


def code_of(raw: bytes, passphrase: bytes = PASSPHRASE) -> Code:
    with pytest.raises(Refused) as refusal:
        opened(raw, passphrase)
    return refusal.value.code


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_was_written_comes_back(size: int) -> None:
    raw = os.urandom(size)
    assert opened(sealed(raw[: size // 3], raw[size // 3 :])) == raw


def test_nothing_of_it_stands_in_the_clear() -> None:
    assert b"name of a citizen" not in sealed(b"name of a citizen" * 100)


def test_a_wrong_passphrase_is_told_apart_from_damage() -> None:
    raw = sealed(b"x" * 1000)
    assert code_of(raw, b"another") is Code.BACKUP_PASSPHRASE
    assert code_of(raw[:-1] + bytes([raw[-1] ^ 1])) is Code.BACKUP_DAMAGED


def test_an_empty_passphrase_makes_no_backup() -> None:
    with pytest.raises(Refused) as refusal:
        VaultWriter(io.BytesIO(), b"")
    assert refusal.value.code is Code.BACKUP_PASSPHRASE


def test_a_stream_that_was_cut_off_is_refused_wherever_it_was_cut() -> None:
    raw = sealed(os.urandom(2 * CHUNK + 5))
    header = len(sealed(b"")) - 16
    for end in (header, header + 10, header + CHUNK + 16, header + 2 * (CHUNK + 16), len(raw) - 1):
        assert code_of(raw[:end]) is Code.BACKUP_DAMAGED
    assert code_of(raw[: header - 1]) is Code.BACKUP_FORM
    assert code_of(raw + b"x") is Code.BACKUP_DAMAGED


def test_chunks_in_another_order_are_refused() -> None:
    raw = sealed(os.urandom(3 * CHUNK + 1))
    header, step = len(sealed(b"")) - 16, CHUNK + 16
    first, second = raw[header : header + step], raw[header + step : header + 2 * step]
    rest = raw[header + 2 * step :]
    assert code_of(raw[:header] + second + first + rest) is Code.BACKUP_DAMAGED
    assert code_of(raw[:header] + first + rest) is Code.BACKUP_DAMAGED


def test_a_header_may_not_ask_for_the_whole_machine() -> None:
    raw = bytearray(sealed(b""))
    raw[16:20] = (1 << 30).to_bytes(4, "big")
    assert code_of(bytes(raw)) is Code.BACKUP_FORM


@settings(max_examples=60, deadline=None)
@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_any_changed_byte_is_refused(at: int, flip: int) -> None:
    raw = bytearray(WHOLE)
    raw[at % len(raw)] ^= flip
    assert code_of(bytes(raw)) in {Code.BACKUP_FORM, Code.BACKUP_PASSPHRASE, Code.BACKUP_DAMAGED}


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        opened(raw)
    with pytest.raises(Refused):
        list(read_archive(iter([raw])))


def archived(**files: bytes) -> bytes:
    out = io.BytesIO()
    sources = [Source(name, len(raw), lambda raw=raw: io.BytesIO(raw)) for name, raw in files.items()]
    write_archive(out, SUMMARY, sources, progress=lambda _done: None)
    return out.getvalue()


def files_in(raw: bytes) -> dict[str, bytes]:
    def read() -> Iterator[tuple[str, bytes]]:
        for item in read_archive(iter([raw])):
            if isinstance(item, Read):
                yield item.name, b"".join(item.chunks)

    return dict(read())


def test_an_archive_holds_its_files_and_ends_with_their_digests() -> None:
    raw = archived(a=b"1", b=b"", c=b"3" * 100_000)
    assert files_in(raw) == {"a": b"1", "b": b"", "c": b"3" * 100_000}
    assert next(iter(read_archive(iter([raw])))) == SUMMARY


def test_an_archive_whose_file_is_not_the_one_listed_is_refused() -> None:
    raw = archived(a=b"the right bytes")
    with pytest.raises(Refused) as refusal:
        files_in(raw.replace(b"the right bytes", b"the wrong bytes"))
    assert (refusal.value.code, refusal.value.detail) == (Code.BACKUP_DAMAGED, MANIFEST)


@pytest.mark.parametrize("name", ["../up", "/root", "a/../b", ".hidden", "a/.b", "a\\b", "a\nb", ""])
def test_a_file_may_not_be_named_out_of_the_folder(name: str) -> None:
    with pytest.raises(Refused) as refusal:
        archived(**{name: b"x"})
    assert refusal.value.code is Code.BACKUP_INCOMPLETE


@pytest.mark.parametrize(("size", "digest"), [(3, None), (5, None), (4, Digest("0" * 64))])
def test_a_file_that_is_not_what_it_was_makes_no_backup(size: int, digest: Digest | None) -> None:
    source = Source("blob", size, lambda: io.BytesIO(b"1234"), digest)
    with pytest.raises(Refused) as refusal:
        write_archive(io.BytesIO(), SUMMARY, [source], progress=lambda _done: None)
    assert refusal.value.code is Code.BACKUP_INCOMPLETE


def test_the_list_of_files_names_size_and_digest() -> None:
    out = io.BytesIO()
    (listed,) = write_archive(out, SUMMARY, [Source("a", 0, io.BytesIO)], progress=lambda _done: None)
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert listed == Listed(name="a", size=0, sha256=empty)


WHOLE = sealed(b"a small backup")
