"""A whole small world for end-to-end tests: a hub's folder and stations' folders with real keys, and their real processes.

Folders are made by the library (a few seconds less than by commands, and with cheap passphrases); what runs in them is
`hanxun hub serve` and `hanxun agent serve`, each a process of its own that can be killed at any moment.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hub.exchange.init import HubParts, init_hub
from hub.exchange.trail_keys import install_trail_keys
from hub.protocol.identifiers import StationId
from hub.signing.authority import Subject
from hub.signing.keys import KeySigner, ScryptCost, encrypt_key
from hub.signing.purposes import CertificateKind, OfficerRole, SealPurpose
from hub.store.layout import DataFolder
from station_agent.agent import Agent, open_agent
from station_agent.folder import AgentFolder, KeyFiles
from station_agent.people import Person
from station_agent.settings import AgentSettings, LimitSettings, TrailSettings, write_settings
from tests.exchange.builders import Province, a_province, a_statement_of_keys, now_utc, populate

ROOT = Path(__file__).parents[2]
PASSPHRASE = b"a passphrase for tests"
CHEAP = ScryptCost(n=1024, p=1)
STATIONS = (StationId("341822500000"), StationId("341802500000"), StationId("340102500000"))
PATIENCE_S = 90.0
PORTS = range(
    21000, 32000
)  # below Linux's ephemeral ports: nobody's outgoing connection takes it while the hub is away


@dataclass(eq=False)
class Process:
    """One `hanxun … serve`, started, killed and started again. What it printed is in `<name>.out` and `<name>.log`."""

    name: str
    command: tuple[str, ...]
    folder: Path
    child: "subprocess.Popen[bytes] | None" = None
    kills: int = 0
    over: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        """Start it; see `wait_ready`."""
        assert self.child is None, f"{self.name} runs"
        with self.lock, self.out.open("wb") as out, self.log.open("ab") as log:
            # A thread that still kills and starts must leave nothing behind when the test has failed.
            assert not self.over, "the test is over"
            self.child = subprocess.Popen(
                (sys.executable, "-m", "hanxun", *self.command),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
            )

    @property
    def out(self) -> Path:
        """Standard output of the last start."""
        return self.folder / f"{self.name}.out"

    @property
    def log(self) -> Path:
        """Standard error of all starts."""
        return self.folder / f"{self.name}.log"

    def wait_ready(self, patience_s: float = PATIENCE_S) -> None:
        """Return when the line of readiness is printed. Fails the test when the process ends instead."""
        wait_until(self._is_ready, patience_s, what=lambda: f"{self.name} to be ready\n{self.tail()}")

    def kill(self) -> None:
        """SIGKILL, and reap it."""
        assert self.child is not None
        self.child.kill()
        code = self.child.wait()
        assert code == -signal.SIGKILL, f"{self.name} had ended by itself with {code}\n{self.tail()}"
        self.child = None
        self.kills += 1

    def stop(self) -> None:
        """SIGTERM; it must end in order."""
        if self.child is None:
            return
        child, self.child = self.child, None
        child.terminate()
        try:
            code = child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            raise AssertionError(f"{self.name} did not stop\n{self.tail()}") from None
        assert code == 0, f"{self.name} ended with {code}\n{self.tail()}"

    def put_down(self) -> None:
        """End it, whatever it does, for good: the test is over."""
        with self.lock:
            self.over = True
        if self.child is not None:
            self.child.kill()
            self.child.wait()
            self.child = None

    def tail(self, lines: int = 25) -> str:
        """The last lines of its log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def _is_ready(self) -> bool:
        assert self.child is not None
        if (code := self.child.poll()) is not None:
            raise AssertionError(f"{self.name} ended with {code}\n{self.tail()}")
        line = self.out.read_bytes()
        return line.endswith(b"\n") and bool(json.loads(line)["ready"])


@dataclass
class Station:
    """One station: its agent's folder, the agent opened in this process as a desk does, its people, its service."""

    code: StationId
    data: Path
    agent: Agent
    window: Person
    head: Person
    custodian: Person
    seal: KeySigner
    process: Process


@dataclass
class World:
    """A hub and stations; nothing runs until it is started."""

    folder: Path
    province: Province
    port: int
    hub: Process
    stations: list[Station] = field(default_factory=list)

    @property
    def hub_folder(self) -> DataFolder:
        """The hub's data folder."""
        return DataFolder(self.folder / "hub")

    @property
    def processes(self) -> tuple[Process, ...]:
        """All processes, the hub first."""
        return (self.hub, *(station.process for station in self.stations))

    def start(self) -> None:
        """Start everything and return when the hub takes requests and each agent has spoken to it."""
        for process in self.processes:
            process.start()
        for process in self.processes:
            process.wait_ready()
        # Before it has a revocation list an agent can judge nothing: what it is sent would be put aside first.
        for station in self.stations:
            wait_until(lambda station=station: knows_crl(station), what=lambda: "an agent to have the revocation list")

    def stop(self) -> None:
        """Stop everything in order: agents, then the hub."""
        for process in reversed(self.processes):
            process.stop()

    def close(self) -> None:
        """The test is over, whatever happened."""
        for process in self.processes:
            process.put_down()
        for station in self.stations:
            station.agent.close()


def a_world(folder: Path, *, stations: int = 2, longest_pause_s: int = 1) -> World:
    """Make the folders of a hub and some stations (at most three), with their keys, under one root."""
    province, port = a_province(), free_port()
    data, secret = folder / "hub", folder / "passphrase"
    secret.write_bytes(PASSPHRASE)
    _make_hub(province, data, port, STATIONS[:stations])
    command = ("hub", "serve", "--data", str(data), "--passphrase-file", str(secret))
    world = World(folder, province, port, Process("hub", command, folder))
    for number, code in enumerate(STATIONS[:stations], start=1):
        world.stations.append(_make_station(world, code, f"agent-{number}", f"{number:02}", secret, longest_pause_s))
    return world


def knows_crl(station: Station) -> bool:
    """Whether the agent has fetched a revocation list."""
    return bool(station.agent.knowledge.newest_crls())


def free_port(*, but: int = 0) -> int:
    """A port that is free now and stays so, for all that this machine does by itself; not `but`."""
    start = os.getpid() % len(PORTS)
    for port in (*PORTS[start:], *PORTS[:start]):
        if port == but:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


def wait_until(
    condition: Callable[[], object], patience_s: float = PATIENCE_S, *, what: Callable[[], str], every_s: float = 0.05
) -> None:
    """Return when `condition` holds; fail with `what` after `patience_s`.

    Looks are counted, not the clock: it goes on while a busy machine, or somebody who measures on it, holds us up.
    """
    for _ in range(int(patience_s / every_s)):
        if condition():
            return
        time.sleep(every_s)
    raise AssertionError(f"waited {patience_s:.0f} s for {what()}")


def _make_hub(province: Province, data: Path, port: int, stations: tuple[StationId, ...]) -> None:
    signer = province.certify(CertificateKind.HUB, Subject("hub"))
    evidence = province.certify(CertificateKind.EVIDENCE, Subject("hub evidence"))
    parts = HubParts(
        roots=province.root.certified.pem,
        crl=province.crl(),
        hub_key=encrypt_key(signer.private_key, PASSPHRASE, cost=CHEAP),
        hub_certificate=signer.certified.pem,
        evidence_key=encrypt_key(evidence.private_key, PASSPHRASE, cost=CHEAP),
        evidence_certificate=evidence.certified.pem,
        settings=f"[listen]\nport = {port}\n".encode(),
    )
    init_hub(data, PASSPHRASE, parts, now=now_utc(), cost=CHEAP)
    populate(data, province, stations, passphrase=PASSPHRASE)
    install_trail_keys(data, PASSPHRASE, a_statement_of_keys(province, data), now=now_utc())


def _make_station(world: World, code: StationId, name: str, prefix: str, secret: Path, longest_pause_s: int) -> Station:
    province, data = world.province, world.folder / name
    folder = AgentFolder(data)
    folder.trust.mkdir(parents=True)
    (folder.trust / "root.pem").write_bytes(province.root.certified.pem)
    evidence = province.certify(CertificateKind.EVIDENCE, Subject(f"{name} evidence", station=code))
    seal = province.certify(
        CertificateKind.SEAL, Subject("户口专用章", station=code), seal_purpose=SealPurpose.HOUSEHOLD
    )
    for files, signer in (
        (folder.agent, province.agent(code)),
        (folder.evidence, evidence),
        (folder.seal(SealPurpose.HOUSEHOLD), seal),
    ):
        _keep(files, signer)
    people = []
    for number, role in enumerate((OfficerRole.WINDOW, OfficerRole.HEAD, OfficerRole.CUSTODIAN), start=1):
        subject = Subject(f"民警{prefix}{number}", station=code, number=f"{prefix}100{number}")
        signer = province.certify(CertificateKind.OFFICER, subject, roles=(role,))
        _keep(folder.officer(subject.number or ""), signer)
        people.append(Person(signer))
    trail_key = world.hub_folder.trail_verifier.read_text().strip()
    settings = AgentSettings(
        station=code,
        name=f"派出所{code[:6]}",
        word="测" + "甲乙丙"[int(prefix) - 1],
        hub=f"http://127.0.0.1:{world.port}",
        trail=TrailSettings(key=trail_key),
        limits=LimitSettings(longest_pause_s=longest_pause_s, request_timeout_s=20),
    )
    write_settings(data, settings)
    command = ("agent", "serve", "--data", str(data), "--passphrase-file", str(secret))
    agent = open_agent(data, PASSPHRASE)
    return Station(code, data, agent, *people, seal, Process(name, command, world.folder))


def _keep(files: KeyFiles, signer: KeySigner) -> None:
    files.stem.parent.mkdir(parents=True, exist_ok=True)
    files.key.write_bytes(encrypt_key(signer.private_key, PASSPHRASE, cost=CHEAP))
    files.certificate.write_bytes(signer.certified.pem)
