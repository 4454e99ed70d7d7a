"""One bash that runs the blocks of the documents one after another, as a reader pastes them: variables and jobs stay."""

import os
import signal
import subprocess
import time
from pathlib import Path

from tests.docs.pages import ROOT


class Shell:
    """A bash in the project's folder with a home of its own. Leaving the `with` block ends everything it started."""

    def __init__(self, home: Path, *, under: tuple[str, ...] = (), path: str | None = None) -> None:
        """`under` is a command that runs the bash (on another machine), `path` its search path if not the present one."""
        self._home = home
        self._under = under
        self._path = path or os.environ["PATH"]
        self._count = 0
        self._bash: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Shell":
        environment = {**os.environ, "HOME": str(self._home), "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT)}
        environment["PATH"] = self._path
        self._bash = subprocess.Popen(
            [*self._under, "bash", "--norc", "--noprofile"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=environment,
            text=True,
            start_new_session=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._bash is not None
        try:
            os.killpg(self._bash.pid, signal.SIGTERM)
            self._bash.wait(20)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass
        finally:
            # What does not stop when asked is not left behind.
            if self._bash.poll() is None:
                os.killpg(self._bash.pid, signal.SIGKILL)
                self._bash.wait()

    def run(self, block: str, *, within_s: float = 600) -> str:
        """Run a block and return what it printed. Raises: AssertionError when any line of it fails or it takes too long."""
        assert self._bash is not None
        assert self._bash.stdin is not None
        self._count += 1
        script, out, done = (self._home / f"{self._count:03}.{suffix}" for suffix in ("sh", "out", "done"))
        # ERR is not inherited by functions: what a loop's condition does in them may fail.
        script.write_text(f"trap 'failed=1' ERR\nfailed=0\n{block}\ntrap - ERR\n", encoding="utf-8")
        self._bash.stdin.write(
            f". {script} > {out} 2>&1 < /dev/null; echo $failed > {done}.part; mv {done}.part {done}\n"
        )
        self._bash.stdin.flush()
        deadline = time.monotonic() + within_s
        while not done.exists():
            assert time.monotonic() < deadline, f"too slow:\n{block}\n{_read(out)}"
            assert self._bash.poll() is None, f"the shell ended:\n{block}\n{_read(out)}"
            time.sleep(0.05)
        printed = _read(out)
        assert done.read_text().strip() == "0", f"failed:\n{block}\n{printed}"
        return printed


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
