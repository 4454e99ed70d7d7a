"""Room on the agent's disk: refuse to begin what may not be finished, before the disk is full. Sending always goes on."""

from pathlib import Path

from hub.protocol.codes import Code
from hub.protocol.errors import Unavailable
from hub.room import free_bytes, is_low
from station_agent.agent import Agent
from station_agent.settings import DiskSettings


def standing(data: Path, disk: DiskSettings) -> Unavailable | None:
    """Return why nothing new is begun on this disk (`station.disk_low`), or None."""
    if is_low(data, low_bytes=disk.low_bytes):
        return Unavailable(Code.AGENT_DISK_LOW)
    return None


def require_room(agent: Agent) -> None:
    """Raise Unavailable (`station.disk_low`) unless an officer may begin something new: a draft, a scan."""
    if (trouble := standing(agent.folder.root, agent.settings.disk)) is not None:
        raise trouble


def require_room_to_receive(agent: Agent, size: int) -> None:
    """Raise Unavailable (`station.disk_low`) unless `size` bytes more may be received; what is not fetched waits at the hub."""
    try:
        left = free_bytes(agent.folder.root) - size
    except OSError as error:
        raise Unavailable(Code.AGENT_DISK, detail=error.strerror) from error
    if left < agent.settings.disk.floor_bytes:
        raise Unavailable(Code.AGENT_DISK_LOW)
