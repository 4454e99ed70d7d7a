"""An officer who was given a key while the agent serves: the other station must be able to verify their very first act."""

from dataclasses import replace
from pathlib import Path

from hub.signing.authority import Subject
from hub.signing.purposes import CertificateKind, OfficerRole
from station_agent.folder import AgentFolder
from station_agent.inbox.pull import pull
from station_agent.outbox.send import send_due
from station_agent.people import Person
from station_agent.sync import connect, keep_up, utc_now
from tests.station.desks import PASSWORD, a_correction, a_world, write_pair


async def test_the_certificate_of_a_new_officer_is_at_the_hub_before_the_act(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        opener, origin = world.opener, world.origin.agent
        async with connect(opener.agent) as client, connect(origin) as other:
            await keep_up(opener.agent, client, clock=utc_now)
            await keep_up(origin, other, clock=utc_now)
            # Now, and the next upkeep is minutes away.
            subject = Subject("新民警", station=opener.agent.station, number="999001")
            signer = world.province.certify(CertificateKind.OFFICER, subject, roles=(OfficerRole.WINDOW,))
            write_pair(AgentFolder(opener.data).officer("999001"), signer, PASSWORD)
            a_correction(replace(opener, window=Person(signer)))
            await send_due(opener.agent, client, clock=utc_now)
            assert await pull(origin, other, clock=utc_now) == 1
        assert origin.knowledge.find(signer.certified.x5t) is not None
