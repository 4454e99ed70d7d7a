"""Letters of 5 MB accepted per second: uploaded, named by a signed envelope, acknowledged; against SHA-256 plus write plus fsync.

    python -m benchmarks.letters [--rounds 5] [--letters 12] [--dir DIR]

A real hub process; envelopes and digests are made beforehand. One client, then four, each with a connection of its own. The limit is
measured in the same round, on the same disk, with as many bytes by one core. Medians of rounds; `spread` is the smallest and largest ratio.
"""

import argparse
import hashlib
import http.client
import json
import os
import secrets
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks.load.bench_hub import BenchHub, an_inquiry, serving
from hub.protocol.identifiers import Digest, digest_of
from hub.signing.envelopes import sign_envelope

LETTER_BYTES = 5_000_000
CLIENTS = (1, 4)


@dataclass(frozen=True, slots=True)
class Letter:
    """The bytes of a letter, their digest, and the signed envelope that names them."""

    raw: bytes
    digest: Digest
    envelope: bytes


def letters(hub: BenchHub, count: int) -> list[Letter]:
    """Return `count` different letters, each in an inquiry of its own."""
    made = []
    series = secrets.randbelow(10**8)
    for number in range(count):
        raw = os.urandom(LETTER_BYTES)
        digest = digest_of(raw)
        inquiry = an_inquiry(f"{series:08d}-{number:06d}")
        (item,), (file,) = inquiry.body["items"], inquiry.attachments
        body = inquiry.body | {"items": [item | {"proof": digest}]}
        files = (msgspec.structs.replace(file, digest=digest, size=len(raw)),)
        envelope = sign_envelope(msgspec.structs.replace(inquiry, body=body, attachments=files), signer=hub.agent)
        made.append(Letter(raw, digest, envelope))
    return made


def send_all(hub: BenchHub, chosen: list[Letter], clients: int) -> float:
    """Send the letters over `clients` connections; return MB/s. Raises: RuntimeError for any answer but an acceptance."""
    shares = [chosen[start::clients] for start in range(clients)]
    started = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(lambda share: _send(hub, share), shares))
    return len(chosen) * LETTER_BYTES / (time.perf_counter() - started) / 1e6


def _send(hub: BenchHub, share: list[Letter]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=60)
    signed_in = {"Authorization": f"Bearer {hub.token}"}
    octets = {"Content-Type": "application/octet-stream"}
    for letter in share:
        path = f"/v1/blobs/{letter.digest}"
        for method, where, body, headers in (
            ("POST", path, b"", {"Upload-Length": str(len(letter.raw))}),
            ("PATCH", path, letter.raw, {"Upload-Offset": "0", **octets}),
            ("POST", "/v1/envelopes", letter.envelope, {"Content-Type": "application/jose"}),
        ):
            connection.request(method, where, body, {**signed_in, **headers})
            answer = connection.getresponse()
            said = answer.read()
            if answer.status >= 300:
                raise RuntimeError(f"{method} {where}: {answer.status} {said[:300]!r}")
    connection.close()


def ceiling(chosen: list[Letter], folder: Path) -> float:
    """Return MB/s of SHA-256 plus write plus fsync of the same letters, one after the other."""
    started = time.perf_counter()
    for letter in chosen:
        hashlib.sha256(letter.raw).hexdigest()
        with (folder / "plain").open("wb") as file:
            file.write(letter.raw)
            file.flush()
            os.fsync(file.fileno())
    return len(chosen) * LETTER_BYTES / (time.perf_counter() - started) / 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--letters", type=int, default=12)
    parser.add_argument("--dir", type=Path, default=None, help="a folder on the disk to measure (default: temporary)")
    wanted = parser.parse_args()
    rates: dict[int, list[tuple[float, float]]] = {clients: [] for clients in CLIENTS}
    with tempfile.TemporaryDirectory(dir=wanted.dir) as name, serving(Path(name)) as hub:
        for _ in range(wanted.rounds):
            for clients in CLIENTS:
                chosen = letters(hub, wanted.letters)
                limit = ceiling(chosen, Path(name))
                rates[clients].append((send_all(hub, chosen, clients), limit))
    for clients, found in rates.items():
        ratios = [value / limit for value, limit in found]
        line = {
            "name": f"letters_5mb_{clients}",
            "value": round(statistics.median(value for value, _ in found), 1),
            "unit": "MB/s",
            "limit": round(statistics.median(limit for _, limit in found), 1),
            "ratio": round(statistics.median(ratios), 3),
            "spread": [round(min(ratios), 3), round(max(ratios), 3)],
            "limit_is": "SHA-256 + write + fsync of the same bytes, one core",
        }
        sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
