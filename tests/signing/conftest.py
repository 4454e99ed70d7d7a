"""Parts that several tests of signing share: the sample province, and the vectors' certificates."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hub.signing.certificates import Certified, read_certificate
from hub.signing.crl import Crl, read_crl
from tests.signing.builders import SampleProvince

VECTORS = Path(__file__).parents[1] / "vectors" / "signing"


@pytest.fixture
def province() -> SampleProvince:
    """A new sample province."""
    return SampleProvince()


@pytest.fixture(scope="session")
def sample() -> Callable[[str], Certified]:
    """A certificate of the vectors by name."""
    return lambda name: read_certificate((VECTORS / "certs" / f"{name}.pem").read_bytes())


@pytest.fixture(scope="session")
def sample_crls() -> tuple[Crl, Crl]:
    """The vectors' lists: of 2026-04-01, and of 2026-07-01 with the entry of 2026-06-15."""
    names = ("crl-2026-04-01", "crl-2026-07-01")
    first, second = (read_crl((VECTORS / "certs" / f"{name}.crl.pem").read_bytes()) for name in names)
    return first, second
