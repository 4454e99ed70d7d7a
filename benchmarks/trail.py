"""What the trail costs as it grows: append, prove, verify whole; the pure core, then through the hub's own store.

`python benchmarks/trail.py [--entries 1000000] [--rounds 7]`; one JSON line per measure: name, value, unit, limit, ratio.
Rounds interleave the sizes and a ratio is taken inside a round. The core waits for no disk, so CPU time is measured: a busy
machine disturbs it less. `store_*` are appends per second of wall-clock time, batches of 64 with one durable commit each, and
their cost in CPU time; the databases are made in a temporary folder (some 260 MB for a million entries).
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.protocol.identifiers import digest_of
from hub.store.database import open_writer
from hub.store.migrate import create_database
from hub.store.trail_log import TrailLog, head_of, insert_head, tile_reader
from hub.trail.checkpoint import Checkpoint, sign_checkpoint
from hub.trail.hashing import HASH_SIZE, leaf_hash, node_hash
from hub.trail.note import make_signer
from hub.trail.proofs import check_inclusion, inclusion_proof
from hub.trail.record import make_record
from hub.trail.sequence import EMPTY, Frontier, append, extend
from hub.trail.tiles import TILE_HEIGHT, nodes_from_tiles
from hub.trail.verify import verify_tree

RECORD_BYTES = 215  # a leaf record's usual length
GROWTH_LIMIT = 1.15
CHUNK = 8192
LEAVES = 4096  # appended in each measurement
SIGNER = make_signer("benchmark", Ed25519PrivateKey.generate())
DIGEST = digest_of(b"an envelope")
AT = datetime(2026, 11, 24, 2, 3, 4, tzinfo=UTC)


class Log:
    """A log in memory: its edge, and the longest version of each tile."""

    def __init__(self, records: Sequence[bytes]) -> None:
        self.frontier: Frontier = EMPTY
        self.tiles: dict[tuple[int, int], bytes] = {}
        for start in range(0, len(records), CHUNK):
            self.frontier, updates = extend(self.frontier, [leaf_hash(one) for one in records[start : start + CHUNK]])
            self.tiles.update({(update.level, update.index): update.hashes for update in updates})

    def read_tile(self, level: int, index: int) -> bytes:
        """Return a stored tile."""
        return self.tiles.get((level, index), b"")


def main() -> int:
    """Measure, and print the lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000, help="size of the largest log")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    sizes = sorted({1_000, min(100_000, options.entries), options.entries})
    print(f"making {options.entries:,} records ...", file=sys.stderr)
    records = [b"%0*d" % (RECORD_BYTES, number) for number in range(options.entries)]
    logs = {size: Log(records[:size]) for size in sizes}
    measure_append(logs, 64, options.rounds)
    measure_append(logs, 1, options.rounds)
    measure_prove(logs, records, options.rounds)
    measure_verify(logs[sizes[-1]], records)
    with tempfile.TemporaryDirectory() as folder:
        measure_store(Path(folder), sizes, options.rounds)
    return 0


class Stored:
    """A log in a database of the hub's own schema, grown to `size` leaves."""

    def __init__(self, path: Path, size: int) -> None:
        create_database(path)
        self._connection = open_writer(path).connect()
        self._log = TrailLog(origin=SIGNER.key.name, signer=SIGNER)
        with self._connection.begin():
            insert_head(self._connection, origin=SIGNER.key.name, signer=SIGNER)
        for start in range(0, size, CHUNK):
            self.append(
                [b"%0*d" % (RECORD_BYTES, number) for number in range(start, min(start + CHUNK, size))], last=True
            )

    def append(self, records: Sequence[bytes], *, last: bool = False) -> None:
        """Append one batch and commit it, durably: with a position for every leaf, as receipts need it, unless `last`."""
        with self._connection.begin():
            self._log.begin(self._connection, head_of(self._connection))
            if last:
                self._log.append_last(records)
            else:
                self._log.append(records)
            self._log.flush(self._connection)
        self._log.committed()

    def prove(self, index: int, size: int) -> None:
        """Make the proof of a leaf from the stored tiles."""
        with self._connection.begin():
            inclusion_proof(index, size, nodes_from_tiles(tile_reader(self._connection)))


def measure_store(folder: Path, sizes: Sequence[int], rounds: int) -> None:
    """Append through the real store, prove from it; the cost of one append against that at the smallest size."""
    stored = {size: Stored(folder / f"{size}.sqlite", size) for size in sizes}
    fresh = [b"%0*d" % (RECORD_BYTES, number) for number in range(64)]
    speeds: dict[int, list[float]] = {size: [] for size in sizes}
    costs: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(rounds + 1):
        for size, log in stored.items():
            wall, cpu = time.perf_counter(), time.process_time()
            for _batch in range(16):
                log.append(fresh)
            speeds[size].append(16 * 64 / (time.perf_counter() - wall))
            costs[size].append((time.process_time() - cpu) / (16 * 64) * 1e6)
    chance = random.Random(11)
    for size, log in stored.items():
        ratios = [mine / base for mine, base in zip(costs[size][1:], costs[min(sizes)][1:], strict=True)]
        report(f"store_{short(size)}", statistics.median(speeds[size][1:]), "leaves/s", None, None)
        name, cost = f"store_cost_{short(size)}", statistics.median(costs[size][1:])
        report(name, cost, "us/leaf", GROWTH_LIMIT, statistics.median(ratios))
        proofs = [timed(partial(log.prove, chance.randrange(size), size), 1) * 1e3 for _ in range(200)]
        report(f"store_prove_{short(size)}", statistics.median(proofs), "ms", None, None)


def measure_append(logs: dict[int, Log], batch: int, rounds: int) -> None:
    """Hash, append with proofs, sign: the cost per leaf at each size, and its ratio to that of the smallest."""
    costs: dict[int, list[float]] = {size: [] for size in logs}
    for _ in range(rounds + 1):
        for size, log in logs.items():
            costs[size].append(timed(partial(append_many, log.frontier, batch), LEAVES) * 1e6)
    smallest = min(logs)
    for size, found in costs.items():
        ratios = [mine / base for mine, base in zip(found[1:], costs[smallest][1:], strict=True)]
        name = f"append_{short(size)}" if batch == 64 else f"append_{short(size)}_batch_{batch}"
        report(name, statistics.median(found[1:]), "us/leaf", GROWTH_LIMIT, statistics.median(ratios))


def append_many(frontier: Frontier, batch: int) -> None:
    """Append fresh leaves as the hub does: hashed from the bytes to be stored, one signed checkpoint for each batch."""
    records = [b"%0*d" % (RECORD_BYTES, number) for number in range(batch)]
    for _ in range(LEAVES // batch):
        appended = append(frontier, [leaf_hash(record) for record in records])
        frontier = appended.frontier
        sign_checkpoint(SIGNER.key.name, frontier.size, appended.root, signer=SIGNER)


def measure_prove(logs: dict[int, Log], records: Sequence[bytes], rounds: int) -> None:
    """A proof of a random leaf from tiles, nothing cached between proofs; each is then checked. The limit is the hashing of
    the nodes that tiles do not hold, in the same run."""
    chance = random.Random(7)
    pair = os.urandom(HASH_SIZE)
    node = timed(lambda: [node_hash(pair, pair) for _ in range(20_000)], 20_000)
    for size, log in logs.items():
        times, limits = [], []
        for number in range(100 * rounds):
            index = chance.randrange(size)
            start = time.process_time()
            proof = inclusion_proof(index, size, nodes_from_tiles(log.read_tile))
            if number >= 100:
                times.append((time.process_time() - start) * 1e3)
                limits.append(hashes_of(index, size) * node * 1e3)
            leaf = leaf_hash(records[index])
            checked = check_inclusion(leaf, index=index, size=size, proof=proof, root=log.frontier.root)
            if checked.cause is not None:
                raise SystemExit(f"a proof of leaf {index} does not hold")
        median, limit = statistics.median(times), statistics.median(limits)
        report(f"prove_{short(size)}", median, "ms", limit, median / limit)


def hashes_of(index: int, size: int) -> int:
    """Return how many node hashes the proof of `index` takes when tiles hold every eighth level only."""
    count = 0

    def node(level: int, _: int) -> bytes:
        nonlocal count
        count += (1 << level % TILE_HEIGHT) - 1
        return bytes(HASH_SIZE)

    inclusion_proof(index, size, node)
    return count


def measure_verify(log: Log, records: Sequence[bytes]) -> None:
    """The whole log re-derived; the limit is the hashing of its leaves and nodes alone, in the same run."""
    head = Checkpoint("benchmark", log.frontier.size, log.frontier.root)
    hashing = timed(lambda: [leaf_hash(record) for record in records], 1)
    start = time.process_time()
    found = verify_tree(records, head=head, read_tile=log.read_tile)
    elapsed = time.process_time() - start
    if not found.ok:
        raise SystemExit(f"{found.first_bad}")
    # A tree has one node for each leaf but one, and a node costs a little less than a leaf of this length.
    report(f"verify_{short(log.frontier.size)}", elapsed, "s", 2 * hashing, elapsed / (2 * hashing))
    nonces = os.urandom(16)
    one = timed(lambda: [a_record(nonces) for _ in range(2000)], 2000) * 1e6
    report("make_record", one, "us", None, None)


def a_record(nonce: bytes) -> bytes:
    """Make one leaf record."""
    return make_record(event="envelope", digest=DIGEST, id="018f3b1e-0000-7000-8000-00000000000a", at=AT, nonce=nonce)


def timed(work: Callable[[], object], units: int) -> float:
    """Return the CPU seconds that one of `units` took."""
    start = time.process_time()
    work()
    return (time.process_time() - start) / units


def short(size: int) -> str:
    """Return 1000 as 1k and 1000000 as 1m."""
    return f"{size // 1_000_000}m" if size % 1_000_000 == 0 else f"{size // 1000}k"


def report(name: str, value: float, unit: str, limit: float | None, ratio: float | None) -> None:
    """Print one measure."""
    rounded = [None if one is None else round(one, 4) for one in (value, limit, ratio)]
    print(json.dumps({"name": name, "value": rounded[0], "unit": unit, "limit": rounded[1], "ratio": rounded[2]}))


if __name__ == "__main__":
    sys.exit(main())
