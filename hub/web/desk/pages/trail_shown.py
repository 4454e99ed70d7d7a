"""What the page of a case's trail shows: plain values, made by `trail.py`."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.store.desk import LookUpRow
from hub.web.desk.pages.supervision import EarlierAct


@dataclass(frozen=True, slots=True)
class Told:
    """One field of a message: `hidden` says that it is masked, `first` that a person or other entry begins with it."""

    label: str
    text: str
    hidden: bool = False
    first: bool = False


@dataclass(frozen=True, slots=True)
class FileShown:
    """One attachment: what it is for, its digest and size, and what a look at its bytes came to."""

    role: str
    digest: str
    size: int
    finding: str


@dataclass(frozen=True, slots=True)
class ActShown:
    """One officer's signed act that came with a message: who (draft, approval, seal use, scan), as they signed it."""

    what: str
    who: str
    at: str


@dataclass(frozen=True, slots=True)
class Step:
    """One message: who sent what to whom, what it says, what came with it, where it stands in the trail."""

    what: str
    at: str
    sender: str
    receiver: str
    officer: str
    digest: str
    leaf: int
    receipt: str
    receipt_leaf: int
    finding: str
    receipt_finding: str
    told: tuple[Told, ...]
    files: tuple[FileShown, ...]
    acts: tuple[ActShown, ...]
    erased: bool
    is_handover: bool


@dataclass(frozen=True, slots=True)
class EventShown:
    """Something that a station logged: a reading, a use of the seal, a verdict of the gate, an act on the register."""

    what: str
    at: str
    station: str
    digest: str
    subject: str
    leaf: int
    finding: str


@dataclass(frozen=True, slots=True)
class LimitShown:
    """One limit, and whether it was kept."""

    name: str
    station: str
    due_at: str
    done_at: str | None
    late: bool
    paused: bool
    reason: str


@dataclass(frozen=True, slots=True)
class TrailPage:
    """The trail. `whole` is the finding over everything; `revealed_until` None: masked. `supervises`: the visitor may urge and
    extend, and a limit runs. `typed`: reasons that were typed and not sent, by what they are for."""

    case: str
    type: str
    state: str
    tone: str
    opener: str
    respondent: str
    opened_at: str
    changed_at: str
    whole: str
    checked_at: str | None
    proved: int
    things: int
    steps: tuple[Step, ...]
    events: tuple[EventShown, ...]
    limits: tuple[LimitShown, ...]
    supervised: tuple[EarlierAct, ...]
    supervises: bool
    lookups: tuple[LookUpRow, ...]
    revealed_until: str | None
    watermark: str
    erased_at: str | None
    typed: Mapping[str, str]
