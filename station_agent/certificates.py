"""Getting to know certificates: those that signed something are fetched from the hub, this station's own are published.

A fetched certificate is checked against its name (the digest of its bytes) and trusted for nothing until judged.
"""

import asyncio
import logging
from collections.abc import Iterable
from datetime import datetime

from hub.keyring.expiry import Expiry, expiring
from hub.protocol.errors import Refused
from hub.protocol.instants import format_instant
from hub.signing.certificates import read_certificate
from hub.signing.jws import stated_header
from station_agent.agent import Agent
from station_agent.hub_client import HubClient, HubRefusal
from station_agent.store.trust import add_certificate, remember, setting

log = logging.getLogger(__name__)
PUBLISHED = "published "
EXPIRY = "expiry "


def certificate_named_by(raw: bytes) -> str | None:
    """Return the x5t#S256 that a compact JWS names, or None; nothing is verified, the strict reader comes later."""
    try:
        x5t = stated_header(raw).get("x5t#S256")
    except ValueError:
        return None
    return x5t if isinstance(x5t, str) and len(x5t) == 43 and x5t.replace("-", "").replace("_", "").isalnum() else None


async def ensure_named(agent: Agent, client: HubClient, raws: Iterable[bytes]) -> None:
    """Fetch the certificates that `raws` (compact JWS) name and that are not known here. Raises: Unavailable.

    One that the hub does not have is left out: the signature then does not verify, and says so.
    """
    for x5t in dict.fromkeys(filter(None, map(certificate_named_by, raws))):
        if agent.knowledge.find(x5t) is not None:
            continue
        try:
            certified = agent.knowledge.learn(await client.certificate(x5t))
        except Refused as error:
            log.warning("certificate not learnt x5t=%s code=%s", x5t, error.code.value)
            continue
        if certified.x5t != x5t:
            log.warning("certificate not learnt x5t=%s reason=other bytes", x5t)


async def publish_own(agent: Agent, client: HubClient) -> None:
    """Register every certificate of this station at the hub that is not registered yet. Raises: Unavailable."""
    for certified in agent.own_certificates():
        key = f"{PUBLISHED}{agent.settings.hub} {certified.x5t}"
        with agent.store.read() as tx:
            done = setting(tx, key)
        if done is not None:
            continue
        try:
            await client.publish(certified.pem)
        except HubRefusal as refusal:
            log.warning("certificate not published x5t=%s code=%s", certified.x5t, refusal.problem.code)
            continue
        with agent.store.write() as tx:
            remember(tx, key, "yes")


async def follow_renewal(agent: Agent, client: HubClient) -> bool:
    """Let the agent's renewed key follow, if one waits: the hub is told of it first, so that it knows both. Raises: Unavailable.

    The old key signs in and tells; only then does the new one sign. Refused by the hub, it goes on waiting.
    """
    keys = agent.keys
    if not keys.successor:
        return await asyncio.to_thread(keys.reload)
    coming = read_certificate(agent.folder.agent.place.next.certificate.read_bytes(), purposes=agent.settings.purposes)
    try:
        await client.publish(coming.pem)
    except HubRefusal as refusal:
        log.warning("renewed certificate not published x5t=%s code=%s", coming.x5t, refusal.problem.code)
        return False
    with agent.store.write() as tx:
        add_certificate(tx, coming.x5t, coming.pem)
        remember(tx, f"{PUBLISHED}{agent.settings.hub} {coming.x5t}", "yes")
    try:
        # Unlocking takes a while (scrypt): the loop goes on meanwhile, with the old key.
        await asyncio.to_thread(keys.take_over)
    except Refused as error:
        log.error("renewed key not taken up x5t=%s code=%s", coming.x5t, error.code.value)
        return False
    log.info("renewed key taken up x5t=%s until=%s", coming.x5t, format_instant(coming.not_after))
    return True


def warn_of_expiry(agent: Agent, *, now: datetime) -> tuple[Expiry, ...]:
    """Return which of this machine's certificates end soon, and log each at 30, 14, 3 and 1 days and at its end, once."""
    found = expiring(agent.own_certificates(), now)
    for expiry in found:
        key, step = f"{EXPIRY}{expiry.certified.x5t}", str(expiry.step)
        with agent.store.read() as tx:
            said = setting(tx, key)
        if said != step:
            log.warning(
                "certificate expires kind=%s x5t=%s days=%d", expiry.certified.kind, expiry.certified.x5t, expiry.days
            )
            with agent.store.write() as tx:
                remember(tx, key, step)
    return found
