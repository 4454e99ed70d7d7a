"""Which division codes a citizen number may begin with (W103): every county of the own province, every other province."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated

import msgspec

from hub.protocol.toml import decode_toml


class DivisionsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`divisions.toml`: names by code."""

    provinces: dict[Annotated[str, msgspec.Meta(pattern="^[0-9]{2}$")], str]
    areas: dict[Annotated[str, msgspec.Meta(pattern="^[0-9]{6}$")], str]


@dataclass(frozen=True, slots=True)
class Divisions:
    """Known codes, present and former. `code in divisions` answers for a citizen number's first six digits."""

    provinces: Mapping[str, str]
    areas: Mapping[str, str]
    own: frozenset[str]

    def __contains__(self, code: object) -> bool:
        if not isinstance(code, str) or len(code) != 6:
            return False
        return code in self.areas if code[:2] in self.own else code[:2] in self.provinces

    def name(self, code: str) -> str | None:
        """Return the name of a known county or province, None for an unknown code."""
        return self.areas.get(code) or self.provinces.get(code[:2]) if code in self else None


def load_divisions(raw: bytes, *, name: str = "divisions.toml") -> Divisions:
    """Return the divisions in a file's bytes. Raises: Refused (`config.invalid`)."""
    file = decode_toml(raw, DivisionsFile, name=name, known=DivisionsFile.__struct_encode_fields__)
    return Divisions(file.provinces, file.areas, frozenset(code[:2] for code in file.areas))


@cache
def default_divisions() -> Divisions:
    """Return the divisions that ship with the program."""
    return load_divisions((files("config") / "divisions.toml").read_bytes())
