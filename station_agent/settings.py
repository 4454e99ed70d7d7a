"""`agent.toml` as a frozen struct: read once at start, unknown keys refused. Paths are relative to the data folder."""

import json
from datetime import timedelta
from pathlib import Path
from types import NoneType
from typing import Annotated, Literal

import msgspec

from hub.cases.clocks import SiteHours
from hub.pages.settings import DeskSettings
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import WireStation
from hub.protocol.toml import decode_toml
from hub.signing.purposes import DEFAULT_ARC, Purposes

Positive = Annotated[int, msgspec.Meta(ge=1)]


class RegisterSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the population register is: `folder` of the reference register."""

    folder: str


class TrailSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The hub's trail: `key` is its verifier key (signed note, `name+id+key`)."""

    key: str


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits: age of the revocation list at the gate (hours), persons from which two officers must look at the impression,
    longest pause between attempts (seconds), timeout of one request (seconds), seconds from which a clock that is off the
    hub's is shown (W503)."""

    crl_max_age_h: Positive = 24
    two_looks_from: Positive = 3
    longest_pause_s: Positive = 60
    request_timeout_s: Positive = 30
    mailbox_page: Positive = 50
    clock_skew_s: Positive = 30


class DiskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Below `low_bytes` free nothing new is begun here; below `floor_bytes` nothing is received either. Sending goes on."""

    low_bytes: Positive = 512 << 20
    floor_bytes: Positive = 128 << 20


class LogSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the service's log is written: `lines` of key=value, or `json`, one object a line."""

    form: Literal["lines", "json"] = "lines"


class ScanFolderSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The folder that the office scanner writes into: its `path`, and the seconds between two looks. A file is taken when two
    looks saw it unchanged; it is never altered, moved or deleted there."""

    path: Annotated[str, msgspec.Meta(min_length=1)]
    check_every_s: Positive = 3


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One agent: its `station` code and `name`, the `word` in its letter numbers (皖公{word}户函), the hub's address, the
    window's opening `hours`, `arc` of the object identifiers."""

    station: WireStation
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    word: Annotated[str, msgspec.Meta(min_length=1, max_length=16)]
    hub: Annotated[str, msgspec.Meta(pattern=r"^https?://[^/\s]+$")]
    trail: TrailSettings
    arc: str = DEFAULT_ARC
    register: RegisterSettings | None = None
    limits: LimitSettings = LimitSettings()
    disk: DiskSettings = DiskSettings()
    log: LogSettings = LogSettings()
    hours: SiteHours = SiteHours()
    scan_folder: ScanFolderSettings | None = None
    desk: DeskSettings = DeskSettings()

    @property
    def purposes(self) -> Purposes:
        """The object identifiers of this deployment."""
        return Purposes(arc=self.arc)

    @property
    def crl_max_age(self) -> timedelta:
        """How old a revocation list may be when something is judged."""
        return timedelta(hours=self.limits.crl_max_age_h)


def load_settings(data: Path) -> AgentSettings:
    """Return the settings of the data folder. Raises: Refused (`config.invalid`)."""
    path = data / "agent.toml"
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Refused(Code.CONFIG_INVALID, detail=f"{path}: {error.strerror}") from error
    tables = (
        RegisterSettings,
        TrailSettings,
        LimitSettings,
        DiskSettings,
        LogSettings,
        ScanFolderSettings,
        DeskSettings,
    )
    known = tuple(name for struct in (AgentSettings, *tables) for name in struct.__struct_fields__)
    return decode_toml(raw, AgentSettings, name=path.name, known=known)


def write_settings(data: Path, settings: AgentSettings) -> None:
    """Write `agent.toml` for a new data folder."""
    (data / "agent.toml").write_text(_toml(settings), encoding="utf-8")


def _toml(settings: AgentSettings) -> str:
    values: dict[str, object] = msgspec.to_builtins(settings)
    plain = [f"{key} = {_value(value)}" for key, value in values.items() if not isinstance(value, dict | NoneType)]
    for name, table in values.items():
        if isinstance(table, dict):
            lines = (f"{key} = {_value(value)}" for key, value in table.items() if value is not None)
            plain += ["", f"[{name}]", *lines]
    return "\n".join(plain) + "\n"


def _value(value: object) -> str:
    # A JSON string or integer is a TOML string or integer.
    return json.dumps(value, ensure_ascii=False)
