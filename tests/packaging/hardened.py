"""Runs a command as the units' hardening leaves it, where no systemd runs: `python hardened.py FILTER_FILE COMMAND…`.

The filter file has one system call's number a line: what `SystemCallFilter=` allows. Also no new privileges, no
writable-and-executable memory, and no capability. Mounts, users and address families are not imitated here.
"""

import ctypes
import os
import struct
import sys
from pathlib import Path

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_SET_MDWE, PR_CAPBSET_DROP = 38, 22, 65, 24
EPERM, ALLOW, ARCH = 0x00050001, 0x7FFF0000, 0xC000003E
LOAD, EQUAL, GIVE = 0x20, 0x15, 0x06


def main() -> None:
    numbers = [int(line) for line in Path(sys.argv[1]).read_text().split()]
    libc = ctypes.CDLL(None, use_errno=True)

    def prctl(*values: int) -> None:
        if libc.prctl(*(ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:5])) != 0:
            raise OSError(ctypes.get_errno(), f"prctl {values}")

    for capability in range(int(Path("/proc/sys/kernel/cap_last_cap").read_text()) + 1):
        prctl(PR_CAPBSET_DROP, capability)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_MDWE, 1)
    program = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, ARCH), (GIVE, 0, 0, EPERM), (LOAD, 0, 0, 0)]
    for number in numbers:
        program += [(EQUAL, 0, 1, number), (GIVE, 0, 0, ALLOW)]
    program.append((GIVE, 0, 0, EPERM))
    raw = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    held = ctypes.create_string_buffer(raw, len(raw))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program), ctypes.addressof(held)))
    prctl(PR_SET_SECCOMP, 2, ctypes.addressof(header))
    os.execvp(sys.argv[2], sys.argv[2:])


main()
