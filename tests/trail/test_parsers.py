"""Every parser of outside bytes: any bytes give a value or `Refused`; what other readers let pass is refused here."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.trail.checkpoint import Checkpoint, checkpoint_text, parse_checkpoint, parse_checkpoint_text, sign_checkpoint
from hub.trail.note import parse_note, parse_signature_lines, parse_verifier_key
from hub.trail.policy import parse_policy
from hub.trail.record import make_record, parse_record
from hub.trail.tiles import Tile, encode_bundle, parse_bundle, parse_tile_path
from hub.trail.tlog_proof import TlogProof, encode_tlog_proof, parse_tlog_proof
from hub.trail.witness import encode_add_checkpoint, parse_add_checkpoint
from tests.trail.builders import AT, ORIGIN, a_log, a_record, a_witness

CHECKPOINT = sign_checkpoint(ORIGIN, 7, bytes(32), signer=a_log())
PROOF = encode_tlog_proof(TlogProof(3, (bytes(32), bytes(32)), CHECKPOINT, b"extra"))
REQUEST = encode_add_checkpoint(3, (bytes(32),), CHECKPOINT)
POLICY = (
    f"log {a_log().key.text}\nwitness w {a_witness().key.text} https://w.example\ngroup g any w\nquorum g\n".encode()
)

PARSERS: dict[str, tuple[Callable[[bytes], Any], bytes]] = {
    "note": (parse_note, CHECKPOINT),
    "checkpoint": (parse_checkpoint, CHECKPOINT),
    "checkpoint text": (parse_checkpoint_text, CHECKPOINT.partition(b"\n\n")[0] + b"\n"),
    "signature lines": (parse_signature_lines, CHECKPOINT.partition(b"\n\n")[2]),
    "proof": (parse_tlog_proof, PROOF),
    "request": (parse_add_checkpoint, REQUEST),
    "policy": (parse_policy, POLICY),
    "record": (parse_record, a_record(1)),
    "bundle": (parse_bundle, encode_bundle([b"a", b"", b"ccc"])),
    "key": (lambda raw: parse_verifier_key(raw.decode("utf-8", "surrogateescape")), a_log().key.text.encode()),
    "path": (lambda raw: parse_tile_path(raw.decode("utf-8", "surrogateescape")), b"tile/0/x001/234.p/7"),
}


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_any_bytes_give_a_value_or_refused(name: str, data: st.DataObject) -> None:
    parse, good = PARSERS[name]
    parse(good)
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, len(good)))
    inserted = data.draw(
        st.one_of(
            st.binary(max_size=40),
            st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace")),
            st.sampled_from([b"\n", b"\n\n", b" ", b"+", b"\xe2\x80\x94 ", b"0", b"=", good]),
        )
    )
    raw = good[:start] + inserted + good[end:]
    try:
        parse(raw)
    except Refused:
        return


SIZES = ["+1", "-1", "01", "1_0", "1 ", " 1", "１", "١", "1.0", "", "0x1", "1e3", "9223372036854775808", "²"]


@pytest.mark.parametrize("size", SIZES)
def test_a_size_has_one_spelling(size: str) -> None:
    root = CHECKPOINT.split(b"\n")[2].decode()
    with pytest.raises(Refused) as error:
        parse_checkpoint_text(f"log\n{size}\n{root}\n".encode())
    assert error.value.code is Code.CHECKPOINT_FORM
    for raw in (
        PROOF.replace(b"index 3", b"index " + size.encode()),
        REQUEST.replace(b"old 3", b"old " + size.encode()),
    ):
        with pytest.raises(Refused):
            (parse_tlog_proof if raw.startswith(b"c2sp") else parse_add_checkpoint)(raw)


@pytest.mark.parametrize(
    "root",
    [
        "A" * 43,  # no padding
        "A" * 42 + "B=",  # bits that belong to no byte
        " " + "A" * 43 + "=",
        "A" * 43 + "= ",
        "A" * 20 + "!" + "A" * 23 + "=",
        "A" * 20 + "\r" + "A" * 23 + "=",
        "-" * 43 + "=",  # base64url
        "A" * 44,  # 33 bytes
        "",
    ],
)
def test_a_hash_has_one_spelling(root: str) -> None:
    with pytest.raises(Refused):
        parse_checkpoint_text(f"log\n1\n{root}\n".encode())


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "\n",  # an empty extension line
        lambda text: text[:-1],
        lambda text: "\n" + text.partition("\n")[2],
        lambda text: "x" * 256 + text,
        lambda text: text.replace("\n", "\r\n"),
    ],
)
def test_a_checkpoint_text_has_no_empty_line_or_endless_origin(change: Callable[[str], str]) -> None:
    text = checkpoint_text(Checkpoint("log", 1, bytes(32))).decode()
    with pytest.raises(Refused):
        parse_checkpoint_text(change(text).encode())


def test_extension_lines_are_kept_and_signed() -> None:
    checkpoint = Checkpoint("log", 1, bytes(32), ("one", "two two"))
    assert parse_checkpoint_text(checkpoint_text(checkpoint)) == checkpoint


@pytest.mark.parametrize(
    "values",
    [("", 1, bytes(32)), ("log", -1, bytes(32)), ("log", 1, b""), ("a\nb", 1, bytes(32)), ("字" * 86, 1, bytes(32))],
)
def test_a_checkpoint_that_could_not_be_read_is_not_written(values: tuple[str, int, bytes]) -> None:
    with pytest.raises(ValueError, match="not a checkpoint"):
        checkpoint_text(Checkpoint(*values))


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace("— ", "- "),
        lambda note: note.replace("— ", "—  "),
        lambda note: note.replace("— ", "—\u00a0"),
        lambda note: note[:-1] + " \n",
        lambda note: note + "\n",
        lambda note: note + "— \n",
        lambda note: note + "— a b+c= \n",
        lambda note: note + "— name AAAA\n",  # no room for a signature after the key id
        lambda note: note.replace("\n\n", "\n"),
        lambda note: note.replace("hub", "h\tub"),
        lambda note: note.replace("hub", "h\x00ub"),
    ],
)
def test_a_note_of_another_form_is_refused(change: Callable[[str], str]) -> None:
    with pytest.raises(Refused) as error:
        parse_note(change(CHECKPOINT.decode()).encode())
    assert error.value.code is Code.NOTE_FORM


def test_text_and_signatures_part_at_the_last_blank_line() -> None:
    line = CHECKPOINT.partition(b"\n\n")[2]
    assert parse_note(b"a\n\nb\n\n" + line).text == b"a\n\nb\n"
    with pytest.raises(Refused):
        parse_signature_lines(b"text\n\n" + line)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "a\nb", "a\x85b"])
def test_a_key_name_no_note_can_hold_is_refused(name: str) -> None:
    text = a_log().key.text.replace(ORIGIN, name)
    with pytest.raises(Refused) as error:
        parse_verifier_key(text)
    assert error.value.code in (Code.NOTE_KEY_FORM, Code.NOTE_KEY_ID)


@pytest.mark.parametrize(
    "path",
    [
        "/tile/0/000",
        "tile/0/0",
        "tile/0/1000",
        "tile/0/x000/001",
        "tile/0/001/234",
        "tile/00/000",
        "tile/64/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/-1/000",
        "tile/data/000",
        "tile/0/000/",
        "tile/0/x001/234\n",
        "tile/0/../0/000",
        "tile/0/٠٠٠",
    ],
)
def test_a_tile_has_one_path(path: str) -> None:
    with pytest.raises(Refused) as error:
        parse_tile_path(path)
    assert error.value.code is Code.TILE_FORM


@given(st.none() | st.integers(0, 63), st.integers(0, 2**55), st.integers(1, 256))
def test_every_tile_is_found_again_by_its_path(level: int | None, index: int, width: int) -> None:
    assert parse_tile_path(Tile(level, index, width).path) == Tile(level, index, width)


def test_the_path_of_the_standards_example() -> None:
    assert Tile(None, 1234067).path == "tile/entries/x001/x234/067"


@given(st.lists(st.binary(max_size=50), max_size=256))
def test_a_bundle_is_read_back(entries: list[bytes]) -> None:
    assert list(parse_bundle(encode_bundle(entries))) == entries


@pytest.mark.parametrize("raw", [b"\x00", b"\x00\x02a", b"\x00\x01ab", b"\x00\x00" * 257])
def test_a_bundle_that_is_cut_or_too_long_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        parse_bundle(raw)


def test_an_entry_too_long_for_a_bundle_is_not_written() -> None:
    encode_bundle([bytes(65_535)])
    with pytest.raises(ValueError, match="65536 bytes"):
        encode_bundle([bytes(65_536)])


def test_a_record_is_read_back_and_has_one_spelling() -> None:
    raw = a_record(5, event="seal-use")
    record = parse_record(raw)
    assert (record.v, record.event, record.digest, record.id) == (1, "seal-use", f"{5:064x}", None)
    for change in (
        raw + b"\n",
        b" " + raw,
        raw.replace(b'"v":1', b'"v": 1'),
        raw.replace(b'"v":1', b'"v":1,"v":1'),
        raw.replace(b'"v":1', b'"v":2'),
        raw.replace(b'"v":1', b'"v":true'),
        raw.replace(b"seal-use", b"seal\\u002duse"),
        raw.replace(b"seal-use", b"Seal-use"),
        raw.replace(b'"id":null', b'"id":"34180219800101123X"'),
        raw.replace(b'"id":null', b'"name":"x","id":null'),
        raw.replace(b'"id":null,', b""),
        raw.replace(b"02:03:04", b"02:03:64"),
        raw.replace(f"{5:064x}".encode(), b"0" * 63 + b"G"),
        b"x" * 70_000,
        b"\xff",
    ):
        with pytest.raises(Refused):
            parse_record(change)


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": bytes(15)},
        {"id": "341802198001011234"},
        {"event": "王小明"},
        {"event": "13800000000"},
        {"id": "018f3b1e-0000-7000-8000-00000000000a\n"},
    ],
)
def test_a_record_cannot_hold_a_citizen_number_a_name_or_a_short_nonce(wrong: dict[str, Any]) -> None:
    good: dict[str, Any] = {"event": "envelope", "digest": "0" * 64, "id": None, "at": AT, "nonce": bytes(16)}
    make_record(**good)
    with pytest.raises(ValueError, match="leaf record"):
        make_record(**{**good, **wrong})
