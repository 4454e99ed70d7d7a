"""Serve a hub's data folder on a free port of this machine: `python -m benchmarks.load.serve DATA`."""

import os
import sys
from pathlib import Path

from hub.web.server import run

if __name__ == "__main__":
    run(Path(sys.argv[1]), os.environ["BENCH_PASSPHRASE"].encode(), host="127.0.0.1", port=0)
