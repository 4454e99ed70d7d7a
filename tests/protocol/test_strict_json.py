"""Strict JSON: what is looser than I-JSON is refused, and the quick way gives what the close look gives."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.protocol import strict_json
from hub.protocol.codes import Code
from hub.protocol.envelope import Officer
from hub.protocol.errors import Refused
from hub.protocol.strict_json import MAX_DEPTH, decode_strict, encode_json, parse_strict

HOSTILE = {
    b"\xef\xbb\xbf{}": Code.JSON_SYNTAX,
    b"": Code.JSON_SYNTAX,
    b"[]": Code.JSON_SYNTAX,
    b'"x"': Code.JSON_SYNTAX,
    b"{}{}": Code.JSON_SYNTAX,
    b"{'a':1}": Code.JSON_SYNTAX,
    b'{"a":1,}': Code.JSON_SYNTAX,
    b'{"a":01}': Code.JSON_SYNTAX,
    b'{"a":"\x00"}': Code.JSON_SYNTAX,
    b'{"a":"\n"}': Code.JSON_SYNTAX,
    b'{"a":1,"a":1}': Code.JSON_DUPLICATE_KEY,
    b'{"a":1,"\\u0061":2}': Code.JSON_DUPLICATE_KEY,
    b'{"x":{"a":1,"a":2}}': Code.JSON_DUPLICATE_KEY,
    b'{"a":1.0}': Code.JSON_NUMBER,
    b'{"a":[1,2.5]}': Code.JSON_NUMBER,
    b'{"a":1e400}': Code.JSON_NUMBER,
    b'{"a":1E2}': Code.JSON_NUMBER,
    b'{"a":NaN}': Code.JSON_NUMBER,
    b'{"a":-Infinity}': Code.JSON_NUMBER,
    b'{"a":9007199254740992}': Code.JSON_NUMBER,
    b'{"a":-9007199254740992}': Code.JSON_NUMBER,
    b'{"a":[1,18446744073709551616]}': Code.JSON_NUMBER,
    b'{"a":' + b"9" * 5000 + b"}": Code.JSON_NUMBER,
    b'{"a":"\xff"}': Code.JSON_ENCODING,
    b'{"a":"\xc0\xaf"}': Code.JSON_ENCODING,
    b'{"a":"\xed\xa0\x80"}': Code.JSON_ENCODING,
    b'{"a":"\\ud800"}': Code.JSON_ENCODING,
    b'{"\\udfff":1}': Code.JSON_ENCODING,
    b'{"a":["\\ud800x"]}': Code.JSON_ENCODING,
    "{}".encode("utf-16"): Code.JSON_ENCODING,
    b'{"a":' * 17 + b"1" + b"}" * 17: Code.JSON_DEPTH,
    b'{"a":' + b"[" * 16 + b"]" * 16 + b"}": Code.JSON_DEPTH,
    b'{"a":' * 5000 + b"1" + b"}" * 5000: Code.JSON_DEPTH,
    b"[" * 250_000: Code.JSON_DEPTH,
}
GOOD: dict[bytes, Any] = {
    b"{}": {},
    b' {"a" : [ 1 , -2 ] }\n': {"a": [1, -2]},
    b'{"a":9007199254740991,"b":-9007199254740991}': {"a": 2**53 - 1, "b": 1 - 2**53},
    b'{"a":"\\ud83d\\ude00"}': {"a": "😀"},
    b'{"a":"1.5","b":"11010519491231002X"}': {"a": "1.5", "b": "11010519491231002X"},
    b'{"a":"' + b"[" * 400 + b'"}': {"a": "[" * 400},
    b'{"a":"\\"' + b"{" * 400 + b'"}': {"a": '"' + "{" * 400},
}


@pytest.mark.parametrize("raw", HOSTILE, ids=lambda raw: repr(raw[:24]))
def test_what_is_looser_is_refused_with_its_code(raw: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        parse_strict(raw)
    assert refusal.value.code is HOSTILE[raw]


@pytest.mark.parametrize("raw", GOOD, ids=lambda raw: repr(raw[:24]))
def test_good_json_is_read(raw: bytes) -> None:
    assert parse_strict(raw) == GOOD[raw]


@pytest.mark.parametrize("opener", ["[", "{"])
def test_the_deepest_allowed_nesting_passes_also_among_many_brackets(opener: str) -> None:
    inner = {"[": ("[", "]"), "{": ('{"a":', "}")}[opener]
    deep = '{"many":[' + ",".join(["{}"] * 40) + '],"deep":' + inner[0] * (MAX_DEPTH - 1) + "1" + inner[1] * 15 + "}"
    assert parse_strict(deep.encode())["many"] == [{}] * 40
    with pytest.raises(Refused) as refusal:
        parse_strict(deep.replace("1" + inner[1] * 15, inner[0] + "1" + inner[1] * 16).encode())
    assert refusal.value.code is Code.JSON_DEPTH


def test_alternating_brackets_do_not_hide_depth() -> None:
    mixed = ('{"a":[' * 16 + "1" + "]}" * 16).encode()
    with pytest.raises(Refused) as refusal:
        parse_strict(mixed)
    assert refusal.value.code is Code.JSON_DEPTH


@pytest.mark.parametrize("evil", [b'"\\"' * 80_000, b'"' * 250_000, b"\\" * 250_000, b'{"a' * 60_000, b"{}" * 120_000])
def test_hostile_bytes_cost_no_more_than_their_length(evil: bytes) -> None:
    begin = time.process_time()
    with pytest.raises(Refused):
        parse_strict(evil)
    assert time.process_time() - begin < 1.0


def test_a_struct_that_does_not_fit_names_the_place() -> None:
    with pytest.raises(Refused) as refusal:
        decode_strict(b'{"name":"x","number":""}', Officer)
    assert (refusal.value.code, refusal.value.field) == (Code.JSON_SCHEMA, ".number")
    with pytest.raises(Refused) as refusal:
        decode_strict(b'{"name":"x","number":"1","extra":true}', Officer)
    assert refusal.value.code is Code.JSON_SCHEMA


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(max_size=8), JSON_VALUES, max_size=5))
def test_what_we_write_is_read_back_by_both_ways(value: dict[str, Any]) -> None:
    raw = encode_json(value)
    assert parse_strict(raw) == value
    assert _closely(raw) == value
    assert parse_strict(json.dumps(value, indent=1).encode()) == value


@settings(max_examples=400, deadline=None)
@given(
    st.binary(max_size=60)
    | st.lists(
        st.sampled_from(
            [
                "{",
                "}",
                "[",
                "]",
                ":",
                ",",
                '"a"',
                '"b"',
                '"\\u0061"',
                "1",
                "-0",
                "1.5",
                "1e3",
                "NaN",
                "true",
                " ",
                "9007199254740991",
                "9007199254740992",
                "123456789012345678",
                '"1.5"',
                '"é"',
                '"\\ud800"',
                "-1",
            ]
        ),
        max_size=14,
    ).map(lambda parts: "".join(parts).encode())
)
def test_any_bytes_are_read_or_refused_and_both_ways_agree(raw: bytes) -> None:
    quick: object
    try:
        quick = parse_strict(raw)
    except Refused as refusal:
        quick = refusal.code
    assert quick == _closely(raw)


def _closely(raw: bytes) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strict_json, "_read_canonical", lambda _: None)
        try:
            return parse_strict(raw)
        except Refused as refusal:
            return refusal.code
