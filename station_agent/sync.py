"""The agent's long run: outbox, inbox and upkeep side by side, through outages of any length. State is in the store only,
so the process may be killed at any point and started again."""

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError, Refused, Unavailable
from hub.protocol.instants import format_instant
from station_agent.agent import Agent, open_agent
from station_agent.catch_up import catch_up
from station_agent.certificates import follow_renewal, publish_own, warn_of_expiry
from station_agent.clock_skew import SkewNotes
from station_agent.erasures import keep_erasures
from station_agent.events import events_wait
from station_agent.evidence import complete_closed
from station_agent.history import are_numbers_known, require_one_history
from station_agent.hub_client import HubClient, HubRefusal, Throttled
from station_agent.inbox.pull import judge_quarantined, pull
from station_agent.outbox.send import send_due
from station_agent.reveals import keep_reveals
from station_agent.scan_folder.service import watch_scan_folder
from station_agent.seal_states import has_statements, keep_seals
from station_agent.specimens import keep_specimens
from station_agent.store.deliveries import cursor_of
from station_agent.store.outbox import count_queued, note_away, wake_all
from station_agent.store.trust import remember
from station_agent.supervision import keep_case_acts
from station_agent.trail import fetch_proofs, keep_step, lacks_proofs
from station_agent.transport import client_context, make_session, require_guarded, revoked_in

log = logging.getLogger(__name__)
LOOK_EVERY_S = 0.2
UPKEEP_EVERY_S = 300.0
TRAIL_EVERY_S = 60.0
NOTICE_EVENTS_S = 1.0
NOTICE_EVERY_S = 2.0  # how soon a renewed certificate that was put here is taken up
FIRST_PAUSE_S = 0.5
FIRST_CONTACT_S = 10.0
CONTACT = "contact"
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Link:
    """What the loops share: the agent, its client, the clock, and the event that ends them (`stop`)."""

    agent: Agent
    client: HubClient
    clock: Clock
    stop: asyncio.Event
    called: asyncio.Event
    """Set when the hub asks for a cosignature."""


async def serve(
    data: Path,
    passphrase: bytes,
    *,
    stop: asyncio.Event | None = None,
    ready: Callable[[], None] | None = None,
    stopping: Callable[[], None] = lambda: None,
    clock: Clock = utc_now,
) -> None:
    """Keep the agent in the folder `data` in step with its hub until `stop` is set (or SIGTERM or SIGINT comes).

    `ready` is called when the agent is open; the hub need not be reachable then. `stopping` is called when the stop begins.
    Raises: Refused (as `open_agent`; `station.serving_already`), Damaged.
    """
    ending = stop or _stop_on_signals()
    with _only_one(data):
        agent = open_agent(data, passphrase)
        try:
            async with connect(agent, clock=clock) as client:
                link = Link(agent, client, clock, ending, asyncio.Event())
                await _first_contact(link)
                if ready is not None:
                    ready()
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(loop(link)) for loop in _LOOPS]
                    await ending.wait()
                    stopping()
                    for task in tasks:
                        task.cancel()
        finally:
            agent.close()


async def _first_contact(link: Link) -> None:
    """Let a new machine learn what its station has used before it says that it is ready, if the hub is there.

    A hub that is away holds nothing up: the loops go on trying, and until then no number is given out.
    """
    with link.agent.store.read() as tx:
        if are_numbers_known(tx):
            return
    with contextlib.suppress(HanxunError, TimeoutError):
        await asyncio.wait_for(keep_up(link.agent, link.client, clock=link.clock), FIRST_CONTACT_S)


@asynccontextmanager
async def connect(agent: Agent, *, clock: Clock = utc_now) -> AsyncIterator[HubClient]:
    """Yield a client of the agent's hub; nothing is sent before it is used. Raises: Refused (`station.hub_plain`)."""
    require_guarded(agent.settings.hub)
    context = client_context(agent.knowledge.roots, is_revoked=revoked_in(agent.knowledge.newest_crls))
    async with make_session(context) as session:
        yield HubClient(
            session,
            hub=agent.settings.hub,
            signer=agent.keys,  # follows a renewal
            clock=clock,
            timeout_s=agent.settings.limits.request_timeout_s,
            greet=lambda greeted: greet(agent, greeted, clock=clock),
            heard=SkewNotes(agent.store).note,
        )


async def greet(agent: Agent, client: HubClient, *, clock: Clock) -> None:
    """After each sign-in: is the hub's history the one seen before, and does this agent, restored, lack something?

    Raises: Unavailable (`hub.rolled_back`); the agent then neither sends nor fetches.
    """
    await require_one_history(agent, client, clock=clock)
    await catch_up(agent, client, clock=clock)


async def sync_once(agent: Agent, client: HubClient, *, clock: Clock = utc_now) -> None:
    """Do everything that can be done now, once: upkeep, send, receive, send what receiving has queued.

    Raises: Unavailable (E501 with the number of messages that wait) when the hub cannot be reached.
    """
    try:
        await keep_up(agent, client, clock=clock)
        await send_due(agent, client, clock=clock)
        if await pull(agent, client, clock=clock):
            await keep_specimens(agent, client, clock=clock)
        await send_due(agent, client, clock=clock)
        await keep_step(agent, client, clock=clock)
    except Unavailable as error:
        if error.code is not Code.HUB_UNREACHABLE:
            raise
        with agent.store.write() as tx:
            note_away(tx, now=clock())
            waiting = count_queued(tx)
        raise Unavailable(error.code, detail=error.detail, values={"n": waiting}) from error
    await asyncio.to_thread(complete_closed, agent, now=clock())


async def keep_up(agent: Agent, client: HubClient, *, clock: Clock) -> None:
    """Warn of certificates that end, fetch the revocation list, follow a renewal, publish this station's certificates, look
    again at what was put aside.

    Raises: Unavailable.
    """
    warn_of_expiry(agent, now=clock())
    await _fetch_crl(agent, client, clock)
    await follow_renewal(agent, client)
    await publish_own(agent, client)
    await keep_seals(agent, client, clock=clock)
    await keep_erasures(agent, client, clock=clock)
    await keep_specimens(agent, client, clock=clock)
    await keep_reveals(agent, client, clock=clock)
    await keep_case_acts(agent, client, clock=clock)
    await judge_quarantined(agent, client, clock=clock)


async def _fetch_crl(agent: Agent, client: HubClient, clock: Clock) -> None:
    try:
        raw = await client.crl()
        await asyncio.to_thread(agent.knowledge.learn_crl, raw, now=clock())
    except Refused as error:
        log.error("crl not taken code=%s", _code(error))


async def _send_loop(link: Link) -> None:
    async def send() -> None:
        await send_due(link.agent, link.client, clock=link.clock)
        await _sleep(link, LOOK_EVERY_S)

    await _for_ever(link, send)


async def _receive_loop(link: Link) -> None:
    agent, client, clock = link.agent, link.client, link.clock

    async def receive() -> None:
        # First of all: after a weekend the list kept here is too old to judge by, and what cannot be judged is put aside.
        await _fetch_crl(agent, client, clock)
        await keep_seals(agent, client, clock=clock)
        await keep_case_acts(agent, client, clock=clock)
        await _receive(agent, client, clock)
        with agent.store.read() as tx:
            after = cursor_of(tx)
        async for event in client.events(after=after):
            if event == "mailbox":
                await _receive(agent, client, clock)
            elif event == "seals":
                await keep_seals(agent, client, clock=clock)
            elif event == "case-acts":
                await keep_case_acts(agent, client, clock=clock)
            else:
                link.called.set()

    await _for_ever(link, receive)


async def _upkeep_loop(link: Link) -> None:
    async def keep() -> None:
        await keep_up(link.agent, link.client, clock=link.clock)
        refused = link.agent.keys.successor  # it is tried again with the next upkeep
        for _ in range(int(UPKEEP_EVERY_S / NOTICE_EVERY_S)):
            await _sleep(link, NOTICE_EVERY_S)
            if link.stop.is_set() or (link.agent.keys.successor and not refused):
                return
            if has_statements(link.agent):
                await keep_seals(link.agent, link.client, clock=link.clock)

    await _for_ever(link, keep)


async def _trail_loop(link: Link) -> None:
    async def keep_trail() -> None:
        link.called.clear()
        await keep_erasures(link.agent, link.client, clock=link.clock)
        await keep_step(link.agent, link.client, clock=link.clock)
        pause = FIRST_PAUSE_S
        # While proofs are lacking, it is the other stations' cosignatures that are waited for.
        while lacks_proofs(link.agent) and not await _called(link, pause):
            await fetch_proofs(link.agent, link.client, clock=link.clock)
            pause = min(2 * pause, TRAIL_EVERY_S)
        for _ in range(int(TRAIL_EVERY_S / NOTICE_EVENTS_S)):
            if await _called(link, NOTICE_EVENTS_S) or events_wait(link.agent):
                return

    await _for_ever(link, keep_trail)


async def _scan_loop(link: Link) -> None:
    settings, root = link.agent.settings.scan_folder, link.agent.folder.root
    if settings is not None:
        await watch_scan_folder(link.agent.store, settings, root=root, clock=link.clock, stop=link.stop)


_LOOPS = (_send_loop, _receive_loop, _upkeep_loop, _trail_loop, _scan_loop)


async def _called(link: Link, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(link.called.wait(), seconds)
    return link.called.is_set()


async def _receive(agent: Agent, client: HubClient, clock: Clock) -> None:
    count = await pull(agent, client, clock=clock)
    with agent.store.write() as tx:
        remember(tx, CONTACT, format_instant(clock()))
    if count:
        await keep_specimens(agent, client, clock=clock)
        await asyncio.to_thread(complete_closed, agent, now=clock())


async def _for_ever(link: Link, turn: Callable[[], Awaitable[None]]) -> None:
    """Repeat `turn` until the end; pauses grow while the hub is away and are forgotten when it is back."""
    pause = FIRST_PAUSE_S
    while not link.stop.is_set():
        try:
            await turn()
            if pause != FIRST_PAUSE_S:
                log.info("resumed loop=%s", turn.__name__)
                # Writing may fail as anything in the turn may: a disk in trouble is waited for like a hub that is away.
                with link.agent.store.write() as tx:
                    wake_all(tx, now=link.clock())
            pause = FIRST_PAUSE_S
        except HanxunError as error:
            if pause == FIRST_PAUSE_S:
                log.warning("paused loop=%s code=%s", turn.__name__, _code(error))
            await _sleep(link, max(pause, error.seconds) if isinstance(error, Throttled) else pause)
            pause = min(pause * 2, link.agent.settings.limits.longest_pause_s)


async def _sleep(link: Link, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(link.stop.wait(), seconds)


def _code(error: HanxunError) -> str:
    return error.problem.code if isinstance(error, HubRefusal) else f"{error.code.value} {error.detail or ''}".strip()


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


@contextmanager
def _only_one(data: Path) -> Iterator[None]:
    """Hold the folder's lock: two loops over one store would send and receive everything twice.

    Raises: Refused (`station.serving_already`).
    """
    data.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(data / "serve.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Refused(Code.SERVING_ALREADY, detail=data.name) from error
        yield
    finally:
        # The lock goes with the descriptor, also when the process is killed.
        os.close(descriptor)
