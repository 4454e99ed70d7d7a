"""The hub's settings (`hub.toml`): read once, whole, before anything starts; unknown keys are refused."""

import ipaddress
from typing import Annotated, Literal

import msgspec

from hub.pages.settings import DeskSettings
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.toml import decode_toml
from hub.signing.purposes import DEFAULT_ARC

Positive = Annotated[int, msgspec.Meta(ge=1)]


class Listen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the hub listens. Without `[tls]` that is plain HTTP: on loopback, or beyond it only behind a TLS proxy, which
    `behind_proxy` names.

    `port` 0 takes a free one. `public_url` is how agents reach the hub (behind a proxy: the proxy's address); it is the
    audience of their sign-in. Empty: the listening address.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8700
    behind_proxy: str | None = None
    public_url: str = ""


class Tls(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The listener's own TLS: the certificate with those between it and the root, and its encrypted key, both PEM, in the
    data folder. Files that change are taken without a restart."""

    certificate: Annotated[str, msgspec.Meta(min_length=1)] = "keys/tls.cert.pem"
    key: Annotated[str, msgspec.Meta(min_length=1)] = "keys/tls.key.pem"


class Trail(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The trail's name, written into every checkpoint, never changed once the hub has signed anything; and how often (seconds)
    stations are asked to cosign when it has grown."""

    origin: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] = "hanxun.hub.local/trail"
    cosign_every_s: Annotated[float, msgspec.Meta(ge=0.1)] = 10.0


class TimeStamp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where checkpoints are time-stamped: `url` of an RFC 3161 authority (empty: the hub's own trial authority, where one was
    made), and how often at most (seconds)."""

    url: Annotated[str, msgspec.Meta(pattern=r"^(https?://\S+)?$")] = ""
    every_s: Positive = 600


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sizes in bytes, times in seconds.

    `connections` counts all that are open, `connections_per_address` those of one address (without `behind_proxy`: a proxy
    has but one). The head of a request must be complete `head_s` after the connection was made or last used; its body and
    an answer's must pass at `slowest_bytes_per_s` or more, counted after the first `body_s`. `requests_per_s` is each
    station's, of which `requests_burst` may come at once; of a station's event streams beyond `streams_per_station` the
    oldest ends.
    """

    envelope_bytes: Positive = 256 * 1024
    header_bytes: Positive = 16 * 1024
    header_fields: Positive = 64
    connections: Positive = 4096
    connections_per_address: Positive = 512
    head_s: Positive = 30
    body_s: Positive = 30
    slowest_bytes_per_s: Positive = 1024
    requests_per_s: Positive = 200
    requests_burst: Positive = 2000
    streams_per_station: Positive = 8
    attachment_bytes: Positive = 1 << 30
    created_ahead_s: Positive = 300
    crl_max_age_s: Positive = 24 * 3600
    token_s: Positive = 600
    heartbeat_s: Positive = 15
    upload_kept_s: Positive = 7 * 24 * 3600
    mailbox_page: Positive = 500


class Disk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Below `low_bytes` free, new letters are refused while reading and delivery go on; looked at every `look_every_s`."""

    low_bytes: Positive = 512 << 20
    look_every_s: Positive = 5


class Log(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the log is written: `lines` of key=value, or `json`, one object a line."""

    form: Literal["lines", "json"] = "lines"


class Seals(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The register of seals. `required`: stations take no letter under a seal that is not registered here."""

    required: bool = False


class Desk(DeskSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The auditors' and administrators' pages (`hanxun hub desk`): as for the stations' `[desk]`."""

    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8750


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings. `arc` is the object identifier under which this deployment's certificate purposes stand."""

    listen: Listen = Listen()
    tls: Tls | None = None
    trail: Trail = Trail()
    time_stamp: TimeStamp = TimeStamp()
    limits: Limits = Limits()
    disk: Disk = Disk()
    seals: Seals = Seals()
    log: Log = Log()
    desk: Desk = Desk()
    arc: Annotated[str, msgspec.Meta(pattern=r"^[0-2](\.[0-9]+)+$")] = DEFAULT_ARC


def parse_settings(raw: bytes, *, name: str = "hub.toml") -> Settings:
    """Return the settings in a file's bytes.

    Raises: Refused (`config.invalid`, or `hub.listen` for an address beyond loopback without TLS or a proxy).
    """
    structs = (Settings, Listen, Tls, Trail, TimeStamp, Limits, Disk, Log, Seals, Desk)
    known = tuple(key for struct in structs for key in struct.__struct_fields__)
    settings = decode_toml(raw, Settings, name=name, known=known)
    require_guarded(settings)
    return settings


def require_guarded(settings: Settings) -> None:
    """Raise Refused (`hub.listen`) for a plain listener that others than this machine can reach."""
    listen = settings.listen
    if settings.tls is not None or listen.behind_proxy:
        return
    try:
        loopback = ipaddress.ip_address(listen.host).is_loopback
    except ValueError:
        # A name: only this one is known to stay on the machine.
        loopback = listen.host == "localhost"
    if not loopback:
        raise Refused(Code.HUB_LISTEN, field="listen.host", detail=listen.host)
