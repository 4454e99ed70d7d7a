"""Sending the attachments of an envelope ahead of it: each resumed where the hub says it stands."""

from hub.protocol.codes import Code
from hub.protocol.envelope import Envelope
from hub.protocol.errors import Unavailable
from hub.protocol.identifiers import Digest
from station_agent.agent import Agent
from station_agent.hub_client import HubClient, HubRefusal

OFFSET_DIFFERS = "blob.offset"
MAX_RESUMES = 3


async def upload_attachments(agent: Agent, client: HubClient, envelope: Envelope) -> None:
    """Return when the hub holds every attachment of `envelope`, complete. Raises: HubRefusal, Unavailable, Damaged."""
    for digest in dict.fromkeys(attachment.digest for attachment in envelope.attachments):
        await _upload(agent, client, digest)


async def _upload(agent: Agent, client: HubClient, digest: Digest) -> None:
    size = agent.store.blobs.size(digest)
    for _ in range(MAX_RESUMES):
        state = await client.begin_upload(digest, size=size)
        if state.complete:
            return
        try:
            state = await client.append_upload(digest, agent.store.blobs.path(digest), offset=state.offset)
        except HubRefusal as refusal:
            # Another attempt of ours was still being written when we asked: ask again.
            if refusal.problem.code != OFFSET_DIFFERS:
                raise
            continue
        if state.complete:
            return
    raise Unavailable(Code.HUB_UNREACHABLE, detail="upload not complete", values={"n": "?"})
