"""What a scan may cost: bytes, pages, pixels, seconds, memory. Read from `config/limits.toml`, documented there."""

from importlib.resources import files

import msgspec

from hub.protocol.toml import decode_toml


class ScanLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ceilings for one scan and for one decoding child; units are in the names (see `config/limits.toml`)."""

    file_bytes: int
    pages: int
    page_pixels: int
    stream_bytes: int
    page_side_points: int
    render_pixels: int
    child_cpu_s: int
    child_wall_s: int
    child_memory_bytes: int
    child_output_bytes: int
    batch_cpu_s: float


class ReadingLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ceilings for reading a letter (the extra `ocr`): pages read, and one child for one page."""

    pages: int
    child_cpu_s: int
    child_wall_s: int
    child_memory_bytes: int


class _LimitsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    scans: ScanLimits
    reading: ReadingLimits


def parse_limits(raw: bytes, *, name: str) -> ScanLimits:
    """Return the limits written in the TOML `raw`; `name` is the file's name. Raises: Refused (`config.invalid`)."""
    return _parse(raw, name).scans


def default_limits() -> ScanLimits:
    """Return the limits that ship with the program."""
    return parse_limits((files("config") / "limits.toml").read_bytes(), name="config/limits.toml")


def default_reading_limits() -> ReadingLimits:
    """Return the limits for reading that ship with the program."""
    return _parse((files("config") / "limits.toml").read_bytes(), "config/limits.toml").reading


def _parse(raw: bytes, name: str) -> _LimitsFile:
    known = (*ScanLimits.__struct_fields__, *ReadingLimits.__struct_fields__)
    return decode_toml(raw, _LimitsFile, name=name, known=known)
