"""A stream encrypted under a passphrase: scrypt (RFC 7914), then AES-256-GCM in chunks by the STREAM construction.

Each chunk's nonce holds its number and whether it is the last, and the header is bound to each: a byte changed, a chunk
left out, moved or cut off is found. Constant memory. Source: Hoang, Reyhanitabar, Rogaway, Vizár, CRYPTO 2015 (STREAM).
"""

import hmac
import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.keys import ScryptCost

MAGIC = b"HANXUN-BACKUP-1\n"
CHUNK = 1 << 18
DEFAULT_COST = ScryptCost(n=65536, r=8, p=2)  # 64 MiB and about 0.4 s a guess: made once a night, not at each start
_MAX_MEMORY, _MAX_WORK = 1 << 28, 1 << 24
_FIXED = struct.Struct(">IHH16s7s")  # n, r, p, salt, first bytes of every nonce
_PROOF, _TAG = 32, 16
_HEADER = len(MAGIC) + _FIXED.size + _PROOF
_MAX_CHUNKS = 1 << 32


class VaultWriter:
    """Encrypts what is written into `target`. Without `close` the file has no last chunk and is refused by `read_vault`."""

    def __init__(self, target: BinaryIO, passphrase: bytes, *, cost: ScryptCost = DEFAULT_COST) -> None:
        """Raises: Refused (`backup.passphrase`) for an empty passphrase."""
        if not passphrase:
            raise Refused(Code.BACKUP_PASSPHRASE, detail="empty")
        salt, self._prefix = os.urandom(16), os.urandom(7)
        fixed = MAGIC + _FIXED.pack(cost.n, cost.r, cost.p, salt, self._prefix)
        key, proof_key = _keys(passphrase, salt, cost)
        self._header = fixed + hmac.digest(proof_key, fixed, "sha256")
        self._cipher, self._target = AESGCM(key), target
        self._pending, self._number = bytearray(), 0
        target.write(self._header)

    def write(self, raw: bytes) -> int:
        """Take `raw` in; it may be written later. Raises: OSError."""
        self._pending += raw
        # One byte at least stays back: only `close` knows which chunk is the last.
        while len(self._pending) > CHUNK:
            self._put(bytes(self._pending[:CHUNK]), last=False)
            del self._pending[:CHUNK]
        return len(raw)

    def close(self) -> None:
        """Write the last chunk. Raises: OSError."""
        self._put(bytes(self._pending), last=True)

    def _put(self, chunk: bytes, *, last: bool) -> None:
        self._target.write(self._cipher.encrypt(_nonce(self._prefix, self._number, last), chunk, self._header))
        self._number += 1


def read_vault(source: BinaryIO, passphrase: bytes) -> Iterator[bytes]:
    """Yield what was written, chunk by chunk, each verified; exhausting it proves that nothing is missing.

    Raises: Refused (`backup.form`, `backup.passphrase`, `backup.damaged`), OSError.
    """
    header = source.read(_HEADER)
    if len(header) < _HEADER or not header.startswith(MAGIC):
        raise Refused(Code.BACKUP_FORM)
    fixed, proof = header[:-_PROOF], header[-_PROOF:]
    n, r, p, salt, prefix = _FIXED.unpack_from(fixed, len(MAGIC))
    if min(n, r, p) < 1 or n & (n - 1) or n < 2 or 128 * n * r > _MAX_MEMORY or n * r * p > _MAX_WORK:
        # A hostile file must not take the machine's memory or minutes of its time.
        raise Refused(Code.BACKUP_FORM, detail="cost of the key derivation")
    key, proof_key = _keys(passphrase, salt, ScryptCost(n=n, r=r, p=p))
    if not hmac.compare_digest(hmac.digest(proof_key, fixed, "sha256"), proof):
        raise Refused(Code.BACKUP_PASSPHRASE)
    yield from _chunks(source, AESGCM(key), header, prefix)


def _chunks(source: BinaryIO, cipher: AESGCM, header: bytes, prefix: bytes) -> Iterator[bytes]:
    sealed, number = source.read(CHUNK + _TAG), 0
    while True:
        following = source.read(CHUNK + _TAG)
        if number >= _MAX_CHUNKS:
            raise Refused(Code.BACKUP_DAMAGED, detail="too long")
        try:
            yield cipher.decrypt(_nonce(prefix, number, not following), sealed, header)
        except InvalidTag as error:
            raise Refused(Code.BACKUP_DAMAGED, detail=f"chunk {number}") from error
        if not following:
            return
        sealed, number = following, number + 1


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + struct.pack(">IB", number, last)


def _keys(passphrase: bytes, salt: bytes, cost: ScryptCost) -> tuple[bytes, bytes]:
    # The second half proves the passphrase, so that a wrong one is told apart from damage, and fixes the key (GCM does not).
    derived = Scrypt(salt=salt, length=64, n=cost.n, r=cost.r, p=cost.p).derive(passphrase)
    return derived[:32], derived[32:]
