"""Telling systemd how the service stands (sd_notify): READY=1, STOPPING=1, one line of STATUS. Without it, nothing happens.

Source: sd_notify(3), "the protocol": one datagram of `KEY=value` lines to the socket that NOTIFY_SOCKET names.
"""

import contextlib
import socket
from collections.abc import Callable

Notify = Callable[[str], None]


def notifier(address: str | None) -> Notify:
    """Return what sends lines to the socket `address` (a path, or `@name` for an abstract one); None: to nobody."""
    if not address:
        return lambda _lines: None
    name = "\0" + address[1:] if address.startswith("@") else address

    def send(lines: str) -> None:
        # A supervisor that does not listen must not stop the service.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.sendto(lines.encode(), name)

    return send
