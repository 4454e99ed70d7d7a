"""Bytes a little wrong: flipped, cut, repeated, spliced, numbers at their edges. Everything follows from the random source."""

import random
import re
from collections.abc import Sequence

_EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
_WORDS = (
    b"\0",
    b"\n",
    b"\r\n",
    b" ",
    b"{",
    b"}",
    b"[",
    b'"',
    b"'",
    b"\\",
    b"\\u0000",
    b"\xc3\x28",
    b"null",
    b"-1",
    b"1e999",
    b"=",
    b"..",
    b"/",
)
_NUMBER = re.compile(rb"[0-9]+")


def mutated(seeds: Sequence[bytes], rng: random.Random) -> bytes:
    """Return one of `seeds` after a few changes."""
    raw = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        rng.choice((_flip, _edge, _cut, _repeat, _insert, _splice, _number))(raw, seeds, rng)
    return bytes(raw[: 1 << 20])


def _flip(raw: bytearray, _seeds: Sequence[bytes], rng: random.Random) -> None:
    if raw:
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)


def _edge(raw: bytearray, _seeds: Sequence[bytes], rng: random.Random) -> None:
    size = rng.choice((1, 2, 4))
    if len(raw) > size:
        place = rng.randrange(len(raw) - size)
        value = rng.choice(_EDGES) & ((1 << 8 * size) - 1)
        raw[place : place + size] = value.to_bytes(size, rng.choice(("big", "little")))


def _cut(raw: bytearray, _seeds: Sequence[bytes], rng: random.Random) -> None:
    place = rng.randrange(len(raw) + 1)
    del raw[place : place + rng.choice((1, 2, 8, 40, len(raw)))]


def _repeat(raw: bytearray, _seeds: Sequence[bytes], rng: random.Random) -> None:
    place = rng.randrange(len(raw) + 1)
    raw[place:place] = raw[place : place + rng.choice((1, 4, 40, 400))] * rng.choice((1, 1, 2, 30))


def _insert(raw: bytearray, _seeds: Sequence[bytes], rng: random.Random) -> None:
    place = rng.randrange(len(raw) + 1)
    raw[place:place] = rng.choice(_WORDS) if rng.random() < 0.7 else rng.randbytes(rng.randrange(1, 9))


def _splice(raw: bytearray, seeds: Sequence[bytes], rng: random.Random) -> None:
    other = rng.choice(seeds)
    start, place = rng.randrange(len(other) + 1), rng.randrange(len(raw) + 1)
    raw[place : place + rng.randrange(40)] = other[start : start + rng.randrange(200)]


def _number(raw: bytearray, _seeds: Sequence[bytes], rng: random.Random) -> None:
    found = list(_NUMBER.finditer(raw))
    if found:
        one = rng.choice(found)
        raw[one.start() : one.end()] = str(rng.choice((*_EDGES, 10**19, int(one[0][:18]) + 1))).encode()
