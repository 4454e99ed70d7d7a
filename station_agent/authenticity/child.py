"""The child that judges one file: everything loaded first, then time, memory, files, processes and the network given up.

Started by `ask.py` with what to trust and the file on its standard input; answers on its standard output and ends.
"""

import sys
from datetime import timedelta

import msgspec

from hub.letters.decoding.confine import confine
from hub.protocol.instants import parse_instant
from hub.signing.certificates import read_certificate
from hub.signing.crl import read_crl
from hub.signing.purposes import Purposes
from hub.signing.trust import Trust
from hub.trail.note import parse_verifier_key
from station_agent.authenticity.judge import judge
from station_agent.authenticity.messages import Asked, Told
from station_agent.store.verdicts import encode_checks


def answer(raw: bytes) -> bytes:
    """Return the encoded answer to an encoded question."""
    asked = msgspec.msgpack.decode(raw, type=Asked)
    purposes = Purposes(arc=asked.arc)
    known = [read_certificate(pem, purposes=purposes) for pem in asked.certificates]
    trust = Trust(
        roots=tuple(read_certificate(pem, purposes=purposes) for pem in asked.roots),
        crls=tuple(read_crl(der) for der in asked.crls),
        purposes=purposes,
        # A list counts until its own nextUpdate: the stricter age belongs to the gate.
        crl_max_age=timedelta(days=36500),
    )
    judged = judge(
        asked.file,
        trust=trust,
        certificates={each.x5t: each for each in known},
        log_key=parse_verifier_key(asked.log_key),
        now=parse_instant(asked.now),
    )
    told = Told(judged.what.value, encode_checks(judged.verdict.checks), judged.case, judged.signer, judged.at)
    return msgspec.msgpack.encode(told)


def main() -> None:
    """Read the question, give up what is not needed, answer."""
    cpu_s, memory_bytes = int(sys.argv[1]), int(sys.argv[2])
    raw = sys.stdin.buffer.read()
    confine(cpu_s=cpu_s, memory_bytes=memory_bytes)
    sys.stdout.buffer.write(answer(raw))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
