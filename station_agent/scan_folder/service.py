"""The long run beside the scan folder: a round every few seconds, through full disks, missing shares and restarts."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from hub.letters.limits import ScanLimits, default_limits
from hub.protocol.errors import HanxunError
from station_agent.desk.tray import erase_discarded
from station_agent.scan_folder.round import take_what_rests
from station_agent.scan_folder.watch import Watch
from station_agent.settings import ScanFolderSettings
from station_agent.store.engine import Store

log = logging.getLogger(__name__)


async def watch_scan_folder(
    store: Store,
    settings: ScanFolderSettings,
    *,
    root: Path,
    clock: Callable[[], datetime],
    stop: asyncio.Event,
    limits: ScanLimits | None = None,
) -> None:
    """Take scans from the folder until `stop` is set. `root` is what a relative path is relative to.

    Nothing that happens to the folder or the disk ends this: it is said once, and tried again.
    """
    folder, watch, bounds, trouble = root / settings.path, Watch(), limits or default_limits(), ""
    await asyncio.to_thread(store.blobs.sweep)
    while not stop.is_set():
        before, trouble = trouble, await asyncio.to_thread(_round, store, folder, watch, bounds, clock)
        if trouble != before:
            log.log(logging.WARNING if trouble else logging.INFO, "scan folder trouble=%s", trouble or "none")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), settings.check_every_s)


def _round(store: Store, folder: Path, watch: Watch, limits: ScanLimits, clock: Callable[[], datetime]) -> str:
    try:
        take_what_rests(store, folder, watch, limits=limits, now=clock())
        erase_discarded(store, now=clock())
    except OSError as error:
        return error.strerror or type(error).__name__
    except HanxunError as error:
        return error.code.value
    return ""
