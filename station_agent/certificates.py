"""Getting to know certificates: those that signed something are fetched from the hub, this station's own are published.

A fetched certificate is checked against its name (the digest of its bytes) and trusted for nothing until judged.
"""

import json
import logging
from base64 import urlsafe_b64decode
from collections.abc import Iterable

from hub.protocol.errors import Refused
from station_agent.agent import Agent
from station_agent.hub_client import HubClient, HubRefusal
from station_agent.store.trust import remember, setting

log = logging.getLogger(__name__)
PUBLISHED = "published "


def certificate_named_by(raw: bytes) -> str | None:
    """Return the x5t#S256 that a compact JWS names, or None; nothing is verified, the strict reader comes later."""
    part = raw.split(b".", 1)[0][:4096]
    try:
        header = json.loads(urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
        x5t = header["x5t#S256"]
    except (ValueError, KeyError, TypeError, RecursionError):
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
