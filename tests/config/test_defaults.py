"""The defaults under `config/`: all of them load, and each explains itself."""

from importlib.resources import files

from hub.cases.approval import default_approval_levels
from hub.cases.calendar import default_calendar
from hub.cases.catalogue import default_catalogue
from hub.cases.machine import default_machine
from hub.cases.stations import default_sites


def test_every_default_loads() -> None:
    assert {"C04", "C06"} <= set(default_catalogue().types)
    assert max(default_calendar().years) == 2026
    assert default_approval_levels().items
    assert default_sites().by_code
    assert [default_machine(name).initial for name in ("case", "letter", "gate")] == ["none", "drafting", "locked"]


def test_every_file_begins_with_what_it_is() -> None:
    for folder in ("config", "config.case_types", "config.machines", "config.calendar"):
        for entry in files(folder).iterdir():
            if entry.name.endswith(".toml"):
                assert entry.read_text(encoding="utf-8").startswith("# "), entry.name
