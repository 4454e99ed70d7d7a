"""A long scan all the way: checked, taken into its case, sealed, uploaded, received, verified; time and peak memory of each process.

    python -m benchmarks.large_scan [--pages 200] [--megabytes 150] [--dir DIR]

Real processes and commands: a hub, two agents, `hanxun agent scan` (without reading), `seal`, `send` at the sender, `hanxun letter
verify` at the receiver. Prints one JSON line per measure: name, value, unit, limit, ratio. Every process may take 300 MB, whatever
the file's size; `…_above_idle` is what `hanxun --help`, which touches no file, does not take.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hub.protocol.envelope import Role
from station_agent.desk.approve import approve
from station_agent.desk.draft import draft
from station_agent.desk.inquiry import require_inquiry
from station_agent.desk.stamp import stamp
from station_agent.store.cases import find_case
from tests.end_to_end.stories import a_mistaken_move, now
from tests.end_to_end.world import Station, World, a_world, wait_until
from tests.letters.long_scans import a_long_scan

ROOT = Path(__file__).parents[1]
MB = 1_000_000
SERVICE_MB = 300.0


def command_of(*words: str) -> tuple[float, float, str]:
    """Run `hanxun` with these words; return seconds, peak memory in MB, and what it said on stderr."""
    started, peak = time.perf_counter(), 0.0
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            [sys.executable, "-m", "hanxun", *words], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=said
        )
        # Not ru_maxrss: it starts with what this process had when it forked.
        while child.poll() is None:
            with contextlib.suppress(OSError, StopIteration):
                peak = max(peak, peak_mb(child.pid))
            time.sleep(0.02)
        said.seek(0)
        text = said.read().decode()
    if child.returncode != 0:
        raise RuntimeError(f"{words[:2]}: {text[-2000:]}")
    return time.perf_counter() - started, peak, text


def peak_mb(pid: int) -> float:
    """Return the peak memory of a running process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / MB


def tell(name: str, value: float, unit: str, limit: float) -> None:
    """Print one measure."""
    line = {
        "name": name,
        "value": round(value, 1),
        "unit": unit,
        "limit": round(limit, 1),
        "ratio": round(value / limit, 3),
    }
    print(json.dumps(line), flush=True)


def measure(world: World, scan: Path, pages: int) -> dict[str, tuple[float, float]]:
    """Take `scan` through; return seconds and peak MB of each step and process. Raises: when it does not arrive."""
    opener, answerer = world.stations
    case = draft(opener.agent, opener.window, type="C06", to=answerer.code, body=a_mistaken_move(), now=now())
    approve(opener.agent, opener.head, case, now=now())
    stamp(opener.agent, opener.custodian, case, copies=1, now=now())
    secret = str(world.folder / "passphrase")
    keys = ("--passphrase-file", secret, "--password-file", secret)
    found: dict[str, tuple[float, float]] = {}

    def step(name: str, *words: str) -> str:
        seconds, peak, said = command_of(*words)
        found[name] = (seconds, peak)
        sys.stderr.write(f"{name}: {seconds:.1f} s, {peak:.0f} MB\n")
        return said

    by = ("--data", str(opener.data), "--officer")
    checked = ("--pages", str(pages), "--checked", "--no-reading")
    said = step("scan", "agent", "scan", case, str(scan), *by, number(opener, 0), *checked, *keys)
    if f"{pages} / {pages}" not in said:
        raise RuntimeError(f"no progress was shown: {said[-500:]}")
    step("seal", "agent", "seal", case, *by, number(opener, 2), "--seal-password-file", secret, *keys)
    started = time.perf_counter()
    step("send", "agent", "send", case, *by, number(opener, 0), *keys)

    def has_arrived() -> bool:
        with answerer.agent.store.read() as tx:
            return find_case(tx, case) is not None

    wait_until(has_arrived, patience_s=900, what=lambda: world.hub.tail())
    arrived = time.perf_counter() - started
    root = world.folder / "root.pem"
    root.write_bytes(world.province.root.certified.pem)
    with answerer.agent.store.read() as tx:
        (letter,) = (
            file.digest
            for file in require_inquiry(tx, answerer.agent, case).envelope.attachments
            if file.role is Role.LETTER
        )
    step("verify", "letter", "verify", str(answerer.agent.store.blobs.path(letter)), "--root", str(root))
    for process in world.processes:
        assert process.child is not None
        found[process.name] = (arrived, peak_mb(process.child.pid))
    return found


def number(station: Station, place: int) -> str:
    """Return the police number of the station's window officer, head or custodian."""
    person = (station.window, station.head, station.custodian)[place]
    return person.number


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--megabytes", type=float, default=150.0)
    parser.add_argument("--dir", type=Path, default=None, help="a folder on the disk to measure (default: temporary)")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=wanted.dir) as name:
        folder = Path(name)
        scan = folder / "scan.pdf"
        scan.write_bytes(a_long_scan(wanted.pages, round(wanted.megabytes * MB)))
        size = scan.stat().st_size / MB
        tell("large_scan_size", size, "MB", wanted.megabytes)
        world = a_world(folder)
        try:
            world.start()
            command = command_of("letter", "verify", "--help")[1]
            idle = {process.name: peak_mb(process.child.pid) for process in world.processes if process.child}
            found = measure(world, scan, wanted.pages)
        finally:
            world.close()
    for step, (seconds, peak) in found.items():
        tell(f"large_scan_{step}_peak", peak, "MB", SERVICE_MB)
        if step in idle:
            tell(f"large_scan_{step}_grew", peak - idle[step], "MB", SERVICE_MB)
        else:
            tell(f"large_scan_{step}_above_idle", peak - command, "MB", SERVICE_MB)
            tell(f"large_scan_{step}_seconds", seconds, "s", 1.0 * wanted.pages + 30)
    tell("large_scan_arrived_seconds", found["hub"][0], "s", 300.0)


if __name__ == "__main__":
    main()
