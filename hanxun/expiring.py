"""What the desk is told of certificates that end soon, beside its cases."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hanxun.output import console
from station_agent.folder import AgentFolder
from station_agent.install import key_states
from station_agent.settings import load_settings


def ending_as_json(data: Path) -> list[dict[str, Any]]:
    """Return the keys of this machine whose certificates end within 30 days or have ended: `key`, `until`, `days`."""
    states = key_states(AgentFolder(data), load_settings(data), now=datetime.now(UTC))
    return [
        {"key": state.name, "until": f"{state.expiry.certified.not_after:%Y-%m-%d}", "days": state.expiry.days}
        for state in states
        if state.expiry is not None
    ]


def print_ending(ending: list[dict[str, Any]]) -> None:
    """Tell a person, with what to do."""
    for item in ending:
        console.print(
            f"! 证书 {item['key']} {item['until']} 到期 / certificate ends in {item['days']} days: hanxun agent status",
            markup=False,
        )
