"""Accepted signed envelopes per second (durable, receipt signed) at 1, 16 and 64 clients, and uploads.

    python -m benchmarks.accept [--rounds N] [--seconds S] [--dir DIR]

A real hub process, a closed loop in another process, every envelope signed beforehand and sent once. The limit is Ed25519
verify plus sign of one core, for uploads SHA-256 plus write plus fsync, both measured in the same round. Medians of
interleaved rounds; `spread` is the smallest and largest ratio. Fails when what was acknowledged is not what is stored.
"""

import argparse
import hashlib
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.load.bench_hub import BenchHub, serving, sign_inquiries

CLIENTS = (1, 16, 64)
WARM_S = 0.5
# More than this machine could take: a loop that runs out of bodies is an error, not a figure.
MOST_PER_S = {1: 4_000, 16: 9_000, 64: 9_000}
UPLOAD_BYTES = 32 << 20


def signature_ceiling(seconds: float = 0.5) -> float:
    """Return Ed25519 verify plus sign per second of one core, over messages of an envelope's size."""
    key = Ed25519PrivateKey.generate()
    public, message = key.public_key(), os.urandom(2048)
    signature = key.sign(message)
    count, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        for _ in range(50):
            public.verify(signature, message)
            key.sign(message)
        count += 50
    return count / elapsed


def accepted_per_s(hub: BenchHub, bodies: Path, clients: int, seconds: float) -> dict[str, float]:
    """Run one closed loop; return its counts. Raises: RuntimeError when anything but 201 came, or bodies ran out."""
    sign_inquiries(hub, bodies, int(MOST_PER_S[clients] * (seconds + WARM_S)))
    before = _cpu_s(hub.pid)
    words = ("127.0.0.1", hub.port, hub.token, bodies, clients, seconds, WARM_S)
    loop = subprocess.run(
        [sys.executable, "-m", "benchmarks.load.closed_loop", *map(str, words)], stdout=subprocess.PIPE, check=True
    )
    result = json.loads(loop.stdout)
    if result["others"] or result["exhausted"]:
        raise RuntimeError(f"not a clean run: {result['others']}, bodies exhausted: {result['exhausted']}")
    result["cores"] = (_cpu_s(hub.pid) - before) / (seconds + WARM_S)
    return result


def upload_rates(hub: BenchHub, folder: Path) -> tuple[float, float]:
    """Return MB/s of one upload, and of SHA-256 plus write plus fsync of as many bytes."""
    raw = os.urandom(UPLOAD_BYTES)
    start = time.perf_counter()
    hub.upload(raw)
    uploaded = time.perf_counter() - start
    raw = os.urandom(UPLOAD_BYTES)
    start = time.perf_counter()
    hashlib.sha256(raw).hexdigest()
    with (folder / "plain").open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    plain = time.perf_counter() - start
    return UPLOAD_BYTES / uploaded / 1e6, UPLOAD_BYTES / plain / 1e6


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _line(name: str, unit: str, limit: str, rounds: list[tuple[float, float]], **more: object) -> str:
    ratios = [value / ceiling for value, ceiling in rounds]
    line = {
        "name": name,
        "value": round(statistics.median(value for value, _ in rounds), 1),
        "unit": unit,
        "limit": round(statistics.median(ceiling for _, ceiling in rounds), 1),
        "ratio": round(statistics.median(ratios), 3),
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "limit_is": limit,
        **more,
    }
    return json.dumps(line)


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--dir", type=Path, default=None, help="a folder on the disk to measure (default: temporary)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir) as name, serving(Path(name)) as hub:
        folder = Path(name)
        accepts: dict[int, list[tuple[float, float]]] = {clients: [] for clients in CLIENTS}
        runs: dict[int, list[dict[str, float]]] = {clients: [] for clients in CLIENTS}
        uploads: list[tuple[float, float]] = []
        for _ in range(options.rounds):
            for clients in CLIENTS:
                result = accepted_per_s(hub, folder / "bodies", clients, options.seconds)
                accepts[clients].append((result["per_s"], signature_ceiling()))
                runs[clients].append(result)
            uploads.append(upload_rates(hub, folder))
        acknowledged = int(sum(run["accepted"] for several in runs.values() for run in several))
        with sqlite3.connect(f"file:{hub.data / 'hub.sqlite'}?mode=ro", uri=True) as database:
            stored = database.execute("SELECT count(*) FROM envelopes JOIN receipts USING (seq)").fetchone()[0]
    if stored != acknowledged:
        raise SystemExit(f"acknowledged {acknowledged}, stored {stored}")
    for clients in CLIENTS:
        middle = {
            name: round(statistics.median(run[name] for run in runs[clients]), 2)
            for name in ("cores", "p50_ms", "p99_ms", "max_ms")
        }
        limit = "Ed25519 verify + sign per second, one core"
        sys.stdout.write(_line(f"accept_{clients}", "envelopes/s", limit, accepts[clients], **middle) + "\n")
    sys.stdout.write(_line("upload", "MB/s", "SHA-256 + write + fsync", uploads) + "\n")


if __name__ == "__main__":
    main()
