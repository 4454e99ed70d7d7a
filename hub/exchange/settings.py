"""The hub's settings (`hub.toml`): read once, whole, before anything starts; unknown keys are refused."""

import ipaddress
from typing import Annotated

import msgspec

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.toml import decode_toml
from hub.signing.purposes import DEFAULT_ARC

Positive = Annotated[int, msgspec.Meta(ge=1)]


class Listen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the hub listens: plain HTTP. Beyond loopback only behind a TLS proxy, which `behind_proxy` names.

    `port` 0 takes a free one. `public_url` is how agents reach the hub (behind a proxy: the proxy's address); it is the
    audience of their sign-in. Empty: the listening address.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8700
    behind_proxy: str | None = None
    public_url: str = ""


class Trail(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The trail's name, written into every checkpoint. Never changed once the hub has signed anything."""

    origin: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] = "hanxun.hub.local/trail"


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sizes in bytes, times in seconds."""

    envelope_bytes: Positive = 256 * 1024
    header_bytes: Positive = 16 * 1024
    attachment_bytes: Positive = 1 << 30
    created_ahead_s: Positive = 300
    crl_max_age_s: Positive = 24 * 3600
    token_s: Positive = 600
    heartbeat_s: Positive = 15
    upload_kept_s: Positive = 7 * 24 * 3600
    mailbox_page: Positive = 500


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings. `arc` is the object identifier under which this deployment's certificate purposes stand."""

    listen: Listen = Listen()
    trail: Trail = Trail()
    limits: Limits = Limits()
    arc: Annotated[str, msgspec.Meta(pattern=r"^[0-2](\.[0-9]+)+$")] = DEFAULT_ARC


def parse_settings(raw: bytes, *, name: str = "hub.toml") -> Settings:
    """Return the settings in a file's bytes.

    Raises: Refused (`config.invalid`, or `hub.listen` for an address beyond loopback without a proxy).
    """
    structs = (Settings, Listen, Trail, Limits)
    known = tuple(key for struct in structs for key in struct.__struct_fields__)
    settings = decode_toml(raw, Settings, name=name, known=known)
    require_guarded(settings.listen)
    return settings


def require_guarded(listen: Listen) -> None:
    """Raise Refused (`hub.listen`) for a plain listener that others than this machine can reach."""
    if listen.behind_proxy:
        return
    try:
        loopback = ipaddress.ip_address(listen.host).is_loopback
    except ValueError:
        # A name: only this one is known to stay on the machine.
        loopback = listen.host == "localhost"
    if not loopback:
        raise Refused(Code.HUB_LISTEN, field="listen.host", detail=listen.host)
