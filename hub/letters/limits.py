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


class _LimitsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    scans: ScanLimits


def parse_limits(raw: bytes, *, name: str) -> ScanLimits:
    """Return the limits written in the TOML `raw`; `name` is the file's name. Raises: Refused (`config.invalid`)."""
    return decode_toml(raw, _LimitsFile, name=name, known=ScanLimits.__struct_fields__).scans


def default_limits() -> ScanLimits:
    """Return the limits that ship with the program."""
    return parse_limits((files("config") / "limits.toml").read_bytes(), name="config/limits.toml")
