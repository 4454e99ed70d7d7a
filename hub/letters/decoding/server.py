"""The forkserver of the decoding children: decoders loaded once, one short-lived child per request. Never decodes itself.

Started by `hub.letters.sandbox` as a process of its own. For every request it forks a keeper; the keeper forks the
child, waits, kills the child's process group when its time is up, and reports how it ended.
"""

import os
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType

import msgspec

from hub.letters.decoding.confine import confine
from hub.letters.decoding.work import answer_bytes, warm_up
from hub.letters.tasks import Ending, Request

MAX_REQUEST_BYTES = 65_536
READY = b"ready"
Work = Callable[[Request, bytes], bytes]
"""What a child does with a request and a file: the encoded answer."""


def serve(connection: socket.socket, *, warm_up: Callable[[], None] = warm_up, work: Work = answer_bytes) -> None:
    """Answer requests on `connection` (SOCK_SEQPACKET) until the other side closes it: `work` on each file, in a child.

    A request is one packet with three descriptors: the file, the pipe for the answer, the pipe for the ending.
    """
    warm_up()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers are reaped by the system
    connection.send(READY)
    while True:
        packet, descriptors, _, _ = socket.recv_fds(connection, MAX_REQUEST_BYTES, 3)
        if not packet:
            return
        if len(descriptors) == 3 and os.fork() == 0:
            try:
                connection.close()
                _keep(packet, *descriptors, work=work)
            finally:
                os._exit(0)  # whatever happened: a keeper never becomes a second server
        for descriptor in descriptors:
            os.close(descriptor)


def _keep(packet: bytes, source: int, answer: int, ending: int, *, work: Work) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request = msgspec.msgpack.decode(packet, type=Request)
    child = os.fork()
    if child == 0:
        os.close(ending)
        _work(request, source, answer, work)
    os.close(source)
    os.close(answer)
    timed_out = False

    def end(_signal: int, _frame: FrameType | None) -> None:
        nonlocal timed_out
        timed_out = True
        _kill_group(child)

    signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, request.wall_s)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    signal.setitimer(signal.ITIMER_REAL, 0)
    _kill_group(child)  # while the zombie still holds the number: whatever the child left behind
    _, status = os.waitpid(child, 0)
    exited = os.WIFEXITED(status)
    os.write(
        ending,
        msgspec.msgpack.encode(
            Ending(
                exit_code=os.WEXITSTATUS(status) if exited else None,
                signal=None if exited else os.WTERMSIG(status),
                timed_out=timed_out,
            )
        ),
    )


def _kill_group(leader: int) -> None:
    for kill in (os.killpg, os.kill):
        try:
            kill(leader, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _work(request: Request, source: int, answer: int, work: Work) -> None:
    try:
        os.setsid()
        size = os.fstat(source).st_size
        confine(cpu_s=request.cpu_s, memory_bytes=request.memory_bytes)
        raw = os.pread(source, size, 0)
        os.close(source)
        view = memoryview(work(request, raw))
        while view:
            view = view[os.write(answer, view) :]
    except BaseException:  # noqa: BLE001 - the child's outermost edge: nothing it meets may reach the keeper's code
        os._exit(70)
    os._exit(0)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
