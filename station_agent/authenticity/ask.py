"""Asking the child: one process for one file, ended when its time is up. Nothing of the file is decoded here."""

import json
import subprocess
import sys
from datetime import datetime

import msgspec

from hub.protocol.codes import Code
from hub.protocol.errors import Refused, Unavailable
from hub.protocol.instants import format_instant
from hub.protocol.verdict import Verdict
from hub.signing.certificates import Certified
from station_agent.agent import Agent
from station_agent.authenticity.judge import Judged, What
from station_agent.authenticity.messages import Asked, Told
from station_agent.certificates import certificate_named_by
from station_agent.store.verdicts import decode_checks

CPU_S = 60
WALL_S = 90
MEMORY_BYTES = 2 << 30
MOST_BYTES = 512 << 20
_BOOT = (
    "import json, runpy, sys; sys.path[:] = json.loads(sys.argv.pop(1)); "
    "runpy.run_module('station_agent.authenticity.child', run_name='__main__')"
)
_ENVIRONMENT = {"LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def judge_file(agent: Agent, raw: bytes, *, now: datetime) -> Judged:
    """Judge any file by what this station trusts. Blocks for a second or more.

    Raises: Refused (`file.too_large`, `scan.unsafe` when the file brought its child down), Unavailable (`scan.sandbox`).
    """
    if len(raw) > MOST_BYTES:
        raise Refused(Code.SCAN_TOO_LARGE, values={"n": MOST_BYTES >> 20})
    knowledge, named = agent.knowledge, _certificate_named_by(agent, raw)
    asked = Asked(
        raw,
        tuple(root.pem for root in knowledge.roots),
        tuple(crl.der for crl in knowledge.newest_crls()),
        () if named is None else (named.pem,),
        agent.settings.trail.key,
        agent.settings.arc,
        format_instant(now),
    )
    told = _asked(msgspec.msgpack.encode(asked))
    return Judged(What(told.what), Verdict(decode_checks(told.checks).checks), told.case, told.signer, told.at)


def _certificate_named_by(agent: Agent, raw: bytes) -> Certified | None:
    """The certificate that a compact JWS names in its header, if it was ever seen here."""
    x5t = certificate_named_by(raw)
    return None if x5t is None else agent.knowledge.find(x5t)


def _asked(question: bytes) -> Told:
    command = [sys.executable, "-I", "-c", _BOOT, json.dumps(sys.path), str(CPU_S), str(MEMORY_BYTES)]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            command, input=question, capture_output=True, timeout=WALL_S, env=_ENVIRONMENT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Refused(Code.SCAN_UNSAFE, detail="time") from error
    except OSError as error:
        raise Unavailable(Code.SCAN_SANDBOX, detail=error.strerror) from error
    try:
        return msgspec.msgpack.decode(done.stdout, type=Told)
    except msgspec.MsgspecError as error:
        raise Refused(Code.SCAN_UNSAFE, detail=f"ended with {done.returncode}") from error
