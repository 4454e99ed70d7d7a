"""The services' logs: one event a line, in either form; nothing that a person, a letter or a secret could be known by."""

import asyncio
import json
import logging
import os
import socket
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanxun.logs import EventFormatter
from hanxun.notify import notifier
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from tests.exchange.builders import PASSPHRASE, a_hub_folder, a_province

HANXUN = (sys.executable, "-m", "hanxun")
NAME, CITIZEN, SECRET = "欧阳不详", "999999188502030011", "hunter2-passphrase"


def line(message: str, *arguments: object, form: str = "lines", logger: str = "hub.test", **more: object) -> str:
    record = logging.LogRecord(logger, logging.INFO, __file__, 1, message, arguments, **{"exc_info": None, **more})  # type: ignore[arg-type]
    record.created = 1795572000.123
    return EventFormatter(form).format(record)  # type: ignore[arg-type]


def test_an_event_is_one_line_of_pairs_or_one_json_object() -> None:
    assert line("crl not taken reason=%s number=%d", "older list", 3) == (
        'time=2026-11-25T02:00:00.123Z level=info logger=hub.test event="crl not taken" reason="older list" number=3'
    )
    assert json.loads(line("ready address=%s", "http://[::1]:8700", form="json")) == {
        "time": "2026-11-25T02:00:00.123Z",
        "level": "info",
        "logger": "hub.test",
        "event": "ready",
        "address": "http://[::1]:8700",
    }


@given(st.text())
def test_whatever_is_logged_stays_on_its_line(text: str) -> None:
    for form in ("lines", "json"):
        written = line("met word=%s", text, form=form)
        assert len(written.splitlines()) == 1
        assert written.isprintable()


def test_a_fault_tells_where_and_its_code_but_not_what_it_quoted() -> None:
    try:
        raise Refused(Code.CASE_FORM, detail=NAME)
    except Refused as error:
        written = line("failed", exc_info=(type(error), error, error.__traceback__))
    assert "fault=Refused code=case.form" in written
    assert "test_logs.py:" in written
    assert NAME not in written


def test_a_library_tells_only_its_first_words() -> None:
    written = line("Task exception was never retrieved\nfuture: <%s>", NAME, logger="asyncio")
    assert 'event="Task exception was never retrieved"' in written
    assert NAME not in written + line("Error handling %s", f"GET /{CITIZEN}", logger="aiohttp.server")
    assert NAME not in line(f"bad request: {NAME}", logger="aiohttp.server")


def test_readiness_is_told_to_the_supervisor_and_nobody_else_needs_one(tmp_path: Path) -> None:
    notifier(None)("READY=1")
    notifier(str(tmp_path / "nobody"))("READY=1")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        notifier(str(tmp_path / "notify"))("READY=1\nSTATUS=x")
        assert listening.recv(100) == b"READY=1\nSTATUS=x"


@pytest.mark.parametrize("form", ["lines", "json"])
def test_a_real_hub_that_is_asked_strange_things_logs_none_of_them(tmp_path: Path, form: str) -> None:
    data = a_hub_folder(a_province(), tmp_path / "hub", settings=f'[log]\nform = "{form}"\n'.encode())
    (tmp_path / "pass").write_bytes(PASSPHRASE)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(tmp_path / "notify"))
        supervisor.settimeout(60)
        process = subprocess.Popen(
            [*HANXUN, "hub", "serve", "--port", "0", "--data", data, "--passphrase-file", tmp_path / "pass"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")},
        )
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            url = json.loads(process.stdout.readline())["url"]
            assert supervisor.recv(500).startswith(b"READY=1\nSTATUS=")
            asyncio.run(ask_strange_things(url))
        finally:
            process.terminate()
            log = process.stderr.read().decode()
            process.wait(30)
        assert supervisor.recv(500) == b"STOPPING=1"
    assert process.returncode == 0
    for known in (NAME, CITIZEN, SECRET, PASSPHRASE.decode()):
        assert known not in log
    events = [json.loads(each)["event"] for each in log.splitlines()] if form == "json" else log.splitlines()
    assert any("ready" in event for event in events)
    assert any("refused" in event for event in events)
    assert any("stopping" in event for event in events)


async def ask_strange_things(url: str) -> None:
    """Requests with a name, a number and a secret at every place where a request can hold them."""
    body = json.dumps({"name": NAME, "id18": CITIZEN}).encode()
    form = {"client_assertion": SECRET, "username": NAME}
    async with aiohttp.ClientSession() as session:
        for method, path in (
            ("GET", f"/v1/{NAME}/{CITIZEN}?token={SECRET}"),
            ("POST", f"/v1/envelopes?{CITIZEN}"),
            ("GET", f"/v1/certificates/{CITIZEN}"),
            ("GET", f"/v1/mailbox?after={CITIZEN}x"),
            ("BREW", f"/v1/blobs/{CITIZEN}"),
        ):
            headers = {"Authorization": f"Bearer {SECRET}", "X-Name": CITIZEN}
            async with session.request(method, url + path, data=body, headers=headers) as response:
                assert response.status >= 400
        async with session.post(f"{url}/v1/token", data=form) as response:
            assert response.status == 400
    host, _, port = url.removeprefix("http://").partition(":")
    for raw in (
        f"GET /{CITIZEN} HTTP/9.9 {NAME}\r\n\r\n",
        f"{CITIZEN}\r\n\r\n",
        f"POST / HTTP/1.1\r\n{SECRET}\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(raw.encode())
        await reader.read(4096)
        writer.close()
