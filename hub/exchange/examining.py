"""The examining process: opens envelopes and checks their bodies beside the event loop, as many as one turn of it brought.

It is asked by `hub.exchange.examiner` and answers one flag for each: `PASSED`, or `LOOK`, and then the hub looks itself. It
holds no key and reads no file; a certificate is known to it once the hub has sent it.

    python -m hub.exchange.examining ARC   (the arc of certificate purposes; requests on stdin, answers on stdout)
"""

import signal
import sys
from datetime import date
from typing import BinaryIO

import msgspec

from hub.cases.body import check_body
from hub.cases.catalogue import Catalogue, default_catalogue
from hub.protocol.errors import HanxunError
from hub.signing.certificates import CertificateSource, Certified, read_certificate
from hub.signing.envelopes import open_envelope
from hub.signing.purposes import Purposes

READY, PASSED, LOOK = b"!", b"+", b"?"
_LENGTH = 4
_AT_ONCE = 8  # the hub goes on with the first answers while the others are being found


class Request(msgspec.Struct, frozen=True, array_like=True):
    """Envelopes to examine, in order; `today` is the date in Asia/Shanghai, `certificates` (DER) are new to the process."""

    today: date
    certificates: tuple[bytes, ...]
    envelopes: tuple[bytes, ...]


def frame(request: Request) -> bytes:
    """Return `request` as it stands in the stream: its length (4 bytes, big-endian), then msgpack."""
    packed = msgspec.msgpack.encode(request)
    return len(packed).to_bytes(_LENGTH, "big") + packed


def examine(raw: bytes, *, certificates: CertificateSource, catalogue: Catalogue, today: date) -> bytes:
    """Return `PASSED` if the signature, the strict form and the body of an envelope are right, else `LOOK`. Pure.

    Whether the certificate is trusted now, and the sender signed in, is not asked here.
    """
    try:
        envelope = open_envelope(raw, certificates=certificates).envelope
        case_type = catalogue.case_type(envelope.type)
        check_body(case_type, envelope.kind, envelope.body, envelope.attachments, today=today)
    except HanxunError:
        return LOOK
    return PASSED


def serve(requests: BinaryIO, answers: BinaryIO, *, purposes: Purposes) -> None:
    """Say `READY`, then answer until the hub closes its end. Raises: msgspec.DecodeError for what no hub sends."""
    catalogue, known = default_catalogue(), dict[str, Certified]()
    answers.write(READY)
    answers.flush()
    while len(length := requests.read(_LENGTH)) == _LENGTH:
        request = _DECODER.decode(requests.read(int.from_bytes(length, "big")))
        for der in request.certificates:
            certified = read_certificate(der, purposes=purposes)
            known[certified.x5t] = certified
        for count, raw in enumerate(request.envelopes, 1):
            answers.write(examine(raw, certificates=known.get, catalogue=catalogue, today=request.today))
            if count % _AT_ONCE == 0:
                answers.flush()
        answers.flush()


_DECODER = msgspec.msgpack.Decoder(Request)

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a key pressed at the terminal is the hub's; it ends this one
    serve(sys.stdin.buffer, sys.stdout.buffer, purposes=Purposes(arc=sys.argv[1]))
