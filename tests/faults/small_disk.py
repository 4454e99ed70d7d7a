"""A disk of a few megabytes (tmpfs) that can really be full and really be read-only; skipped plainly where none may be mounted."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


class SmallDisk:
    """A mounted tmpfs."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def fill(self, *, but: int = 0) -> None:
        """Use up all room, but for about so many bytes."""
        descriptor = os.open(self.root / "filler", os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            with contextlib.suppress(OSError):
                while os.write(descriptor, bytes(4096)):
                    pass
            os.ftruncate(descriptor, max(0, os.fstat(descriptor).st_size - but))
        finally:
            os.close(descriptor)

    def empty(self) -> None:
        """Take the filler away."""
        (self.root / "filler").unlink()

    def mount_again(self, options: str) -> None:
        """Mount it anew with options, `ro` or `rw`."""
        subprocess.run(["mount", "-o", f"remount,{options}", str(self.root)], check=True)


@contextlib.contextmanager
def a_small_disk(root: Path, *, size: str) -> Iterator[SmallDisk]:
    """Mount a tmpfs of `size` at `root`; it is gone afterwards. Skips the test where mounting is not permitted."""
    root.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(root)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command on this machine")
    if done.returncode != 0:
        pytest.skip(f"no small disk may be mounted here (root is needed): {done.stderr.strip()}")
    try:
        yield SmallDisk(root)
    finally:
        subprocess.run(["umount", "--lazy", str(root)], check=False)
