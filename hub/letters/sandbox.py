"""Decoding in a child process: limited time and memory, no network, no new processes; its death is one clear error.

The parent never decodes and never unpickles: it hands over a file descriptor and reads back bounded, typed msgpack.
One forkserver per process and kind of work, started on first use with what it needs loaded, then one child per request (7 ms).
Blocks the calling thread; an asyncio server calls it with `asyncio.to_thread`.
"""

import atexit
import contextlib
import fcntl
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from hub.letters.limits import ScanLimits
from hub.letters.tasks import Answer, Ending, Failure, Refusal, Request, Task
from hub.protocol.codes import Code
from hub.protocol.errors import Refused, Unavailable

_READY = b"ready"
_START_S = 30
_GRACE_S = 10  # the keeper ends the child at its wall time; this much later the parent stops waiting for either
_BOOT = (
    "import json, runpy, sys; sys.path[:] = json.loads(sys.argv.pop(1)); "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__')"
)
# Nothing of the parent's environment: no secret to read, no variable that changes a decoder. One thread each.
_ENVIRONMENT = {"LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
_F_ADD_SEALS, _ALL_SEALS = 1033, 0xF  # linux/fcntl.h: seal, shrink, grow, write
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Server:
    process: subprocess.Popen[bytes]
    connection: socket.socket
    owner: int


_lock = threading.Lock()
_slots = threading.BoundedSemaphore(max(2, os.cpu_count() or 2))  # each child may take a core and its memory limit
_servers: dict[str, _Server] = {}
# Reading needs models that decoding does not: a forkserver of its own. Every other task shares one.
_READING = "hub.letters.reading.server"
_DECODING = "hub.letters.decoding.server"


@contextlib.contextmanager
def held(source: bytes | Path) -> Iterator[int]:
    """Hold bytes where children can read them and nobody can change them; gives the descriptor for `run`.

    A file is opened for reading only and not copied: whoever owns the folder keeps it as it is. Raises: OSError for a file.
    """
    if isinstance(source, Path):
        descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)
        return
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("scan", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    try:
        view = memoryview(source)
        while view:
            view = view[os.write(descriptor, view) :]
        if hasattr(os, "memfd_create"):
            # A child that was taken over must not change what the next one reads.
            fcntl.fcntl(descriptor, _F_ADD_SEALS, _ALL_SEALS)
        yield descriptor
    finally:
        os.close(descriptor)


def run(task: Task, source: int, arguments: msgspec.Struct, *, limits: ScanLimits, result: type[T]) -> T:
    """Run `task` on the file that `held` gave, in a child of its own, and return what it answers as `result`.

    Raises: Refused (the child's own finding, or `scan.unsafe` when it died, ran out of time, or answered nonsense),
    Unavailable (`scan.sandbox`) when no child can be started here.
    """
    request = msgspec.msgpack.encode(
        Request(
            task=task,
            arguments=msgspec.msgpack.encode(arguments),
            cpu_s=limits.child_cpu_s,
            wall_s=limits.child_wall_s,
            memory_bytes=limits.child_memory_bytes,
        )
    )
    answer, answer_end = os.pipe()
    ending, ending_end = os.pipe()
    with _slots, contextlib.ExitStack() as stack:
        stack.callback(os.close, answer)
        stack.callback(os.close, ending)
        try:
            _send(_READING if task is Task.READ else _DECODING, request, [source, answer_end, ending_end])
        finally:
            os.close(answer_end)
            os.close(ending_end)
        deadline = time.monotonic() + limits.child_wall_s + _GRACE_S
        body = _read_all(answer, deadline, limits.child_output_bytes)
        how = _read_all(ending, deadline, 4096)
    return _result_of(body, how, result)


def _result_of(body: bytes, how: bytes, result: type[T]) -> T:
    try:
        ending = msgspec.msgpack.decode(how, type=Ending)
        if ending.timed_out or ending.exit_code != 0:
            reason = "time" if ending.timed_out else f"signal {ending.signal}" if ending.signal else "ended early"
            raise Refused(Code.SCAN_UNSAFE, detail=reason)
        reply = msgspec.msgpack.decode(body, type=Answer | Refusal | Failure)
        if isinstance(reply, Answer):
            return msgspec.msgpack.decode(reply.body, type=result)
    except msgspec.MsgspecError as error:
        raise Refused(Code.SCAN_UNSAFE, detail="answer not understood") from error
    if isinstance(reply, Failure):
        raise Refused(reply.code, detail=reply.kind)
    page = {} if reply.observation.page is None else {"page": reply.observation.page}
    raise Refused(reply.observation.code, values={**reply.observation.values, **page})


def _send(module: str, request: bytes, descriptors: list[int]) -> None:
    with _lock:
        for attempt in (1, 2):
            server = _servers.get(module)
            if server is None or server.owner != os.getpid():
                server = _servers[module] = _start(module)
            try:
                socket.send_fds(server.connection, [request], descriptors)
                return
            except OSError as error:
                # The forkserver was killed from outside: start another, once.
                _servers.pop(module).connection.close()
                if attempt == 2:
                    raise Unavailable(Code.SCAN_SANDBOX, detail=type(error).__name__) from error


def _start(module: str) -> _Server:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    path = json.dumps([os.path.abspath(entry) for entry in sys.path])
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-I", "-c", _BOOT, path, module, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            start_new_session=True,  # Ctrl-C at the terminal is the parent's to handle
        )
        theirs.close()
        ours.settimeout(_START_S)
        ready = ours.recv(16)
        ours.settimeout(None)
    except OSError as error:
        ours.close()
        raise Unavailable(Code.SCAN_SANDBOX, detail=type(error).__name__) from error
    if ready != _READY:
        ours.close()
        raise Unavailable(Code.SCAN_SANDBOX, detail=f"forkserver ended with {process.wait(_START_S)}")
    return _Server(process, ours, os.getpid())


def _read_all(descriptor: int, deadline: float, ceiling: int) -> bytes:
    """Read to the end of the pipe; past `ceiling` or `deadline` return what there is, which then does not decode."""
    parts: list[bytes] = []
    size = 0
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    while size <= ceiling and (left := deadline - time.monotonic()) > 0:
        if not poller.poll(left * 1000):
            continue
        part = os.read(descriptor, 1 << 20)
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
    return b""


@atexit.register
def _stop() -> None:
    for server in _servers.values():
        if server.owner == os.getpid():
            server.connection.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.process.wait(1)
