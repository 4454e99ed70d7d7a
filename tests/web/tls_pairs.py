"""TLS pairs for tests: certificates good and bad, and a hub's folder that serves one."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from hub.signing.certificates import Certified
from hub.signing.keys import KeySigner, PrivateKey, encrypt_key, generate_key
from hub.signing.tls import issue_tls
from hub.web import server
from tests.exchange.builders import CHEAP, PASSPHRASE, Province, a_hub_folder, now_utc

SETTINGS = b"[tls]\n"


@dataclass(frozen=True)
class Pair:
    """A TLS server's key and certificate."""

    key: PrivateKey
    certified: Certified

    def write(self, data: Path) -> None:
        """Put the pair where a hub's folder has it, each file in one step."""
        for name, raw in (
            ("tls.key.pem", encrypt_key(self.key, PASSPHRASE, cost=CHEAP)),
            ("tls.cert.pem", self.certified.pem),
        ):
            new = data / "keys" / f"{name}.new"
            new.write_bytes(raw)
            new.rename(data / "keys" / name)


def a_pair(root: KeySigner, *hosts: str, not_before: datetime | None = None, not_after: datetime | None = None) -> Pair:
    """A pair for `hosts` (127.0.0.1 when none is named), issued by `root`."""
    key = generate_key("P-256")
    now = now_utc()
    certified = issue_tls(
        root,
        public_key=key.public_key(),
        name="hub",
        hosts=hosts or ("127.0.0.1",),
        not_before=not_before or now - timedelta(hours=1),
        not_after=not_after or now + timedelta(days=30),
    )
    return Pair(key, certified)


def a_tls_hub_folder(province: Province, data: Path, pair: Pair, *, settings: bytes = b"") -> Path:
    """A hub's data folder that serves `pair`."""
    a_hub_folder(province, data, settings=settings + SETTINGS)
    pair.write(data)
    return data


@contextlib.asynccontextmanager
async def served(data: Path) -> AsyncIterator[str]:
    """The address of a hub that serves the folder `data`."""
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        server.serve(data, PASSPHRASE, port=0, announce=lambda url: ready.set_result(url), stop=stop)
    )
    await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
    if not ready.done():
        serving.result()
    try:
        yield ready.result()
    finally:
        stop.set()
        await serving
