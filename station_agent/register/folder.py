"""The reference register's folder: its database, and its own roots and revocation list, apart from any agent's."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hub.cases.catalogue import Catalogue
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.certificates import read_certificate
from hub.signing.crl import read_crl
from hub.signing.purposes import Purposes
from hub.signing.trust import Trust
from station_agent.desk.gate.checks import Rules
from station_agent.register.reference import ReferenceRegister


@dataclass(frozen=True, slots=True)
class RegisterFolder:
    """Paths of one reference register."""

    root: Path

    @property
    def database(self) -> Path:
        """The register's SQLite database."""
        return self.root / "register.sqlite"

    @property
    def trusted_root(self) -> Path:
        """The root certificate that the register trusts, PEM."""
        return self.root / "trust" / "root.pem"

    @property
    def crl(self) -> Path:
        """The revocation list in force, DER or PEM; keep it fresh, the register does not fetch."""
        return self.root / "trust" / "crl.der"


def open_register(
    folder: RegisterFolder,
    *,
    purposes: Purposes,
    rules: Callable[[Trust, datetime], Rules],
    catalogue: Catalogue,
    clock: Callable[[], datetime],
) -> ReferenceRegister:
    """Return the register in `folder`, which judges with its own trust, read anew each time.

    Raises: Refused (`register.missing`) when there is none.
    """
    if not folder.trusted_root.is_file():
        raise Refused(Code.REGISTER_MISSING, detail=str(folder.root))

    def trust() -> Trust:
        crls = (read_crl(folder.crl.read_bytes()),) if folder.crl.is_file() else ()
        root = read_certificate(folder.trusted_root.read_bytes(), purposes=purposes)
        return Trust(roots=(root,), crls=crls, purposes=purposes)

    return ReferenceRegister(folder.database, trust, rules, clock, catalogue)
