"""What the child gives up before it opens a file: time, memory, files, new processes, the network. No way back.

Order and values: rlimits, then no_new_privs, then a seccomp filter. The filter is installed on Linux x86-64 only;
elsewhere the limits hold and the system calls stay open (see `filter_supported`).
"""

import ctypes
import os
import platform
import resource
import struct
import sys

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 1, 38, 22
_SECCOMP_MODE_FILTER = 2
_AUDIT_ARCH_X86_64 = 0xC000003E
_SECCOMP_RET_ALLOW, _SECCOMP_RET_EPERM, _SECCOMP_RET_KILL = 0x7FFF0000, 0x00050001, 0x80000000
_X32_SYSCALL_BIT = 0x40000000
_SIGKILL = 9

# Linux x86-64 system calls that no decoder needs. New processes and signals are among them, so that what a decoder
# is made to do ends with its own child; io_uring would do sockets behind the filter's back.
_DENIED = {
    "socket": 41, "connect": 42, "sendto": 44, "sendmsg": 46, "bind": 49, "listen": 50, "socketpair": 53,
    "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "kill": 62, "ptrace": 101, "mount": 165, "tkill": 200,
    "keyctl": 250, "unshare": 272, "perf_event_open": 298, "open_by_handle_at": 304, "setns": 308,
    "process_vm_readv": 310, "process_vm_writev": 311, "bpf": 321, "execveat": 322, "userfaultfd": 323,
    "io_uring_setup": 425, "clone3": 435, "pidfd_getfd": 438,
}  # fmt: skip


def filter_supported() -> bool:
    """Say whether the system-call filter exists for this machine."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def confine(*, cpu_s: int, memory_bytes: int) -> None:
    """Give up everything a decoder does not need, for good. Raises OSError if a limit cannot be set: then do not decode."""
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    _prctl(libc, _PR_SET_PDEATHSIG, _SIGKILL, 0)
    _prctl(libc, _PR_SET_NO_NEW_PRIVS, 1, 0)
    if filter_supported():
        _install_filter(libc)


def _install_filter(libc: ctypes.CDLL) -> None:
    program = _filter_program()
    instructions = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(instructions)))
    _prctl(libc, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(header))


def _filter_program() -> bytes:
    # Classic BPF over struct seccomp_data: number at 0, architecture at 4. A foreign architecture's numbers mean
    # something else, so such a call kills.
    load, jump_equal, jump_greater_or_equal, give = 0x20, 0x15, 0x35, 0x06
    numbers = sorted(_DENIED.values())
    program = [
        (load, 0, 0, 4),
        (jump_equal, 1, 0, _AUDIT_ARCH_X86_64),
        (give, 0, 0, _SECCOMP_RET_KILL),
        (load, 0, 0, 0),
    ]
    program.append((jump_greater_or_equal, len(numbers) + 1, 0, _X32_SYSCALL_BIT))
    program += [(jump_equal, len(numbers) - index, 0, number) for index, number in enumerate(numbers)]
    program += [(give, 0, 0, _SECCOMP_RET_ALLOW), (give, 0, 0, _SECCOMP_RET_EPERM)]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


def _prctl(libc: ctypes.CDLL, option: int, value: int, argument: int) -> None:
    if libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(argument), ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"prctl {option}: {os.strerror(code)}")
