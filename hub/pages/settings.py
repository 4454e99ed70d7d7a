"""The `[desk]` part of a settings file: where the pages are served."""

from typing import Annotated

import msgspec


class DeskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The desk's pages: where they are served, the `names` under which browsers reach them besides that address, and the
    TLS pair (PEM, in the data folder; the key is opened with the installation's passphrase). Beyond this machine only with
    TLS, or when `behind_proxy` says that a proxy does it."""

    host: Annotated[str, msgspec.Meta(min_length=1)] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8650
    names: tuple[str, ...] = ()
    certificate: str | None = None
    key: str | None = None
    behind_proxy: bool = False
