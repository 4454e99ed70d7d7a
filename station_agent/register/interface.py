"""What a desk asks of the population register: look up, move in, return a mistaken move, correct items.

Every change is asked for by an officer's signed act; a register judges for itself and trusts no agent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from hub.protocol.identifiers import StationId


@dataclass(frozen=True, slots=True)
class Person:
    """One person's record: `station` holds it now. `came_from`, `move_serial` tell its last move, None when it never moved.

    `items` are the other register items by name (姓名 and 住址 included), as C04 names them.
    """

    id18: str
    name: str
    station: StationId
    address: str
    came_from: StationId | None = None
    move_serial: str | None = None
    move_date: str | None = None
    items: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """A change: the officer's signed `act` (JWS), that officer's `certificate` (PEM or DER), the `evidence` container that
    the act's subject names (None for a move in, which rests on the citizen's materials)."""

    act: bytes
    certificate: bytes
    evidence: bytes | None = None


class Register(Protocol):
    """A population register. Implementations consume an act, a letter and an evidence file once, for ever."""

    def look_up(self, id18: str) -> Person | None:
        """Return the record of a citizen number, or None."""
        ...

    def move_in(self, request: ChangeRequest) -> str:
        """Move a person to the acting officer's station and return the business serial number. Raises: Refused."""
        ...

    def return_move(self, request: ChangeRequest) -> str:
        """Undo a mistaken move (回迁) and return the business serial number; the same act again returns the same one.

        Raises: Refused; then nothing is changed or consumed.
        """
        ...

    def correct(self, request: ChangeRequest) -> str:
        """Correct register items (更正) and return the business serial number; the same act again returns the same one.

        Raises: Refused; then nothing is changed or consumed.
        """
        ...
