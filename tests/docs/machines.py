"""Two machines for a document's commands: network namespaces with a cable between them, or two addresses of loopback where
namespaces are not permitted. Traffic never leaves this machine."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """One machine: the address that it has, and the command that runs others on it."""

    address: str
    under: tuple[str, ...]


@contextlib.contextmanager
def two_machines(first: str, second: str) -> Iterator[tuple[Machine, Machine]]:
    """Give two machines; with namespaces they have the addresses `first` and `second`, else two of 127.0.0.0/8."""
    names = tuple(f"hanxun{os.getpid()}-{number}" for number in (1, 2))
    try:
        made = _make(names, (first, second))
        if made is None:
            print("no network namespaces may be made here: two addresses of loopback stand in for two machines")
            yield Machine("127.0.0.10", ()), Machine("127.0.0.20", ())
        else:
            yield made
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False) if _has_ip() else None


def _has_ip() -> bool:
    return any(os.access(f"{folder}/ip", os.X_OK) for folder in ("/usr/sbin", "/sbin", "/usr/bin", "/bin"))


def _make(names: tuple[str, ...], addresses: tuple[str, str]) -> tuple[Machine, Machine] | None:
    one, two = names
    ends = [f"hx{os.getpid() % 100000}{letter}" for letter in "ab"]
    commands = [
        f"netns add {one}",
        f"netns add {two}",
        f"link add {ends[0]} netns {one} type veth peer name {ends[1]} netns {two}",
        *(
            f"-n {name} addr add {address}/24 dev {end}"
            for name, address, end in zip(names, addresses, ends, strict=True)
        ),
        *(f"-n {name} link set {end} up" for name, end in zip(names, ends, strict=True)),
        *(f"-n {name} link set lo up" for name in names),
    ]
    for command in commands:
        try:
            done = subprocess.run(["ip", *command.split()], capture_output=True, text=True, check=False)
        except FileNotFoundError:
            return None
        if done.returncode != 0:
            return None
    first, second = (
        Machine(address, ("ip", "netns", "exec", name)) for name, address in zip(names, addresses, strict=True)
    )
    return first, second
