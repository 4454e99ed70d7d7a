"""The child is confined, and its end, however it comes, is one clear error."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from hub.letters import sandbox
from hub.letters.limits import ScanLimits
from hub.letters.report import PdfPolicy
from hub.letters.sandbox import held, run
from hub.letters.scan import check_scan
from hub.letters.tasks import Outline, OutlineArguments, PagesArguments, PagesSeen, Task
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from tests.letters.builders import a_jpeg, a_pdf, encoded

FORM = (
    b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X %d 0 R>>>>/Length 60>>\nstream\n%b\nendstream"
)
LEAF = b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length 12>>\nstream\n0 0 1 1 re f\nendstream"
# A form that draws another ten times, eleven deep: PDFium would draw for hours.
LAUGHS = a_pdf(
    page=b"/Resources<</XObject<</X 5 0 R>>>>",
    contents=b"/X Do",
    objects=(*(FORM % (number + 1, b"/X Do " * 10) for number in range(5, 16)), LEAF),
)


def outline_of(raw: bytes, limits: ScanLimits) -> Outline:
    with held(raw) as source:
        return run(
            Task.OUTLINE,
            source,
            OutlineArguments(limits=limits, policy=PdfPolicy.RAW_SCAN),
            limits=limits,
            result=Outline,
        )


def pages_of(raw: bytes, limits: ScanLimits) -> PagesSeen:
    with held(raw) as source:
        return run(Task.PAGES, source, PagesArguments(limits=limits, count=1, first=0), limits=limits, result=PagesSeen)


def test_a_child_answers(limits: ScanLimits) -> None:
    assert outline_of(a_jpeg(), limits) == Outline(pages=1, observations=())


def test_the_cpu_limit_is_one_clear_error(limits: ScanLimits) -> None:
    with pytest.raises(Refused) as caught:
        pages_of(LAUGHS, msgspec.structs.replace(limits, child_cpu_s=1, child_memory_bytes=8 << 30))
    assert caught.value.code is Code.SCAN_UNSAFE
    assert caught.value.detail == "signal 24"


def test_the_clock_is_one_clear_error(limits: ScanLimits) -> None:
    started = time.monotonic()
    with pytest.raises(Refused) as caught:
        pages_of(LAUGHS, msgspec.structs.replace(limits, child_wall_s=1, child_memory_bytes=8 << 30))
    assert (caught.value.code, caught.value.detail) == (Code.SCAN_UNSAFE, "time")
    assert time.monotonic() - started < 5


def test_the_memory_limit_is_one_clear_error(limits: ScanLimits) -> None:
    with pytest.raises(Refused) as caught:
        outline_of(
            encoded(Image.new("L", (8000, 8000)), "PNG"), msgspec.structs.replace(limits, child_memory_bytes=64 << 20)
        )
    assert caught.value.code is Code.SCAN_UNSAFE


def test_an_answer_of_another_shape_is_refused(limits: ScanLimits) -> None:
    with held(a_jpeg()) as source, pytest.raises(Refused) as caught:
        run(
            Task.OUTLINE,
            source,
            OutlineArguments(limits=limits, policy=PdfPolicy.RAW_SCAN),
            limits=limits,
            result=PagesSeen,
        )
    assert caught.value.code is Code.SCAN_UNSAFE


def test_too_long_an_answer_is_refused(limits: ScanLimits) -> None:
    with pytest.raises(Refused) as caught:
        outline_of(a_jpeg(), msgspec.structs.replace(limits, child_output_bytes=1))
    assert caught.value.code is Code.SCAN_UNSAFE


def test_what_a_child_reads_cannot_be_changed() -> None:
    with held(b"bytes") as source, pytest.raises(PermissionError):
        os.write(source, b"other")


def test_a_killed_forkserver_is_started_again(limits: ScanLimits) -> None:
    outline_of(a_jpeg(), limits)
    (server,) = sandbox._servers.values()
    server.process.kill()
    server.process.wait()
    assert outline_of(a_jpeg(), limits).pages == 1


def test_threads_share_one_forkserver(limits: ScanLimits) -> None:
    reports = []
    threads = [threading.Thread(target=lambda: reports.append(check_scan(a_jpeg(), limits=limits))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [report.ok for report in reports] == [True] * 6


async def test_an_event_loop_goes_on_while_a_child_decodes(limits: ScanLimits) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.005)

    ticking = asyncio.create_task(tick())
    reports = await asyncio.gather(*(asyncio.to_thread(check_scan, a_jpeg(), limits=limits) for _ in range(3)))
    ticking.cancel()
    assert all(report.ok for report in reports)
    assert ticks > 3


def test_a_command_reading_its_program_from_stdin_can_decode() -> None:
    program = (
        "import sys\nfrom hub.letters.scan import check_scan\nfrom hub.letters.limits import default_limits\n"
        "print(check_scan(bytes.fromhex(sys.argv[1]), limits=default_limits()).ok)"
    )
    answer = subprocess.run(
        [sys.executable, "-", a_pdf().hex()], input=program, capture_output=True, text=True, timeout=60, check=True
    )
    assert answer.stdout == "True\n"


def test_a_confined_process_has_no_network_and_starts_nothing() -> None:
    program = """
import errno, os, socket, subprocess
from hub.letters.decoding.confine import confine, filter_supported
confine(cpu_s=5, memory_bytes=1 << 30)
def denied(attempt):
    try:
        attempt()
    except OSError as error:
        return error.errno in (errno.EPERM, errno.EFBIG)
    return False
write = lambda: os.write(os.open("/tmp/hanxun-confined", os.O_CREAT | os.O_WRONLY), b"x")
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
print(denied(write))
if filter_supported():
    print(denied(socket.socket), denied(socket.socketpair), denied(os.fork), denied(lambda: os.execv("/bin/true", ["true"])),
          denied(lambda: os.kill(os.getppid(), 0)))
else:
    print(*[True] * 5)
try:
    bytearray(2 << 30)
except MemoryError:
    print(True)
"""
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    Path("/tmp/hanxun-confined").unlink(missing_ok=True)
    assert set(answer.stdout.split()) == {"True"}
    assert len(answer.stdout.split()) == 7
