"""One message that cannot go through for now must not hold up the others."""

from datetime import timedelta
from pathlib import Path

import pytest

from hub.protocol.codes import Code
from hub.protocol.errors import Unavailable
from hub.protocol.identifiers import Digest, digest_of
from station_agent.hub_client import HubClient
from station_agent.outbox.send import send_due
from station_agent.store import outbox
from station_agent.sync import connect, keep_up, utc_now
from tests.station.desks import a_sent_letter, a_world


class NeverTakes(HubClient):
    """A client that the hub answers with 503 for one envelope, and only for that one."""

    envelope: Digest

    async def submit(self, envelope: bytes) -> bytes:
        """See `HubClient.submit`."""
        if digest_of(envelope) == self.envelope:
            raise Unavailable(Code.HUB_UNREACHABLE, detail="store.full")
        return await super().submit(envelope)


async def test_what_the_hub_cannot_take_now_does_not_keep_the_others_from_being_sent(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        agent = world.opener.agent
        _, stuck = a_sent_letter(world.opener)
        _, other = a_sent_letter(world.opener)
        async with connect(agent) as client:
            client.__class__ = NeverTakes
            client.envelope = stuck.envelope
            await keep_up(agent, client, clock=utc_now)
            with pytest.raises(Unavailable):
                await send_due(agent, client, clock=utc_now)
            # In the next round its pause is over, too.
            with pytest.raises(Unavailable):
                await send_due(agent, client, clock=lambda: utc_now() + timedelta(seconds=5))
        with agent.store.read() as tx:
            states = {row.envelope: row.state for row in outbox.outbox_rows(tx)}
        assert states == {stuck.envelope: outbox.QUEUED, other.envelope: outbox.SENT}
