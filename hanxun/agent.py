"""`hanxun agent`: a station's agent, its service and the officers' desk. Desk verbs work while the service runs, or alone."""

from hanxun import (
    agent_answer,
    agent_backup,
    agent_check,
    agent_desk,
    agent_keys,
    agent_letter,
    agent_setup,
    agent_trail,
    agent_tray,
    agent_view,
)
from hanxun.options import verb_group

app = verb_group("派出所端 / a station's agent: its service and the officers' desk.")
for part in (
    agent_setup,
    agent_desk,
    agent_keys,
    agent_letter,
    agent_answer,
    agent_view,
    agent_backup,
    agent_check,
    agent_trail,
):
    app.registered_commands += part.app.registered_commands
app.add_typer(agent_tray.app, name="tray")
