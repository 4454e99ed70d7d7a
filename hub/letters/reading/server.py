"""The forkserver of the reading children: decoders and models loaded once, one confined child per page."""

import socket
import sys

from hub.letters.decoding.server import serve
from hub.letters.reading.work import answer_bytes, warm_up

if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), warm_up=warm_up, work=answer_bytes)
