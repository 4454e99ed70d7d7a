"""The hub's TLS pair by the commands: requested, issued under the root, taken by `hub init` whole or not at all."""

from pathlib import Path

import pytest

from hanxun.demo.commands import hanxun
from hub.exchange.settings import Tls, parse_settings
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.certificates import read_certificate
from hub.signing.tls import hosts_of


class Made:
    """An authority and a hub's keys with issued certificates, TLS left to the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.passphrase = folder / "passphrase"
        self.passphrase.write_text("a passphrase", encoding="utf-8")
        self.ca, self.keys = folder / "ca", folder / "keys"
        self.run("ca", "init", "--dir", self.ca, "--name", "root")
        self.run("hub", "request", "--out", self.keys, "--name", "hub")
        for kind in ("hub", "evidence"):
            self.issue(kind, "--kind", kind)

    def run(self, *arguments: object) -> dict[str, object]:
        """A command with the passphrase that everything has here."""
        return hanxun(*arguments, "--passphrase-file", self.passphrase)

    def issue(self, stem: str, *options: object, ca: Path | None = None) -> None:
        """Issue what was requested."""
        request, out = self.keys / f"{stem}.csr.pem", self.keys / f"{stem}.pem"
        self.run("ca", "issue", request, "--out", out, "--dir", ca or self.ca, "--yes", *options)

    def init(self, *options: object) -> Path:
        """Make the hub's data folder."""
        data = self.folder / "data"
        trust = ("--root", self.ca / "root.pem", "--crl", self.ca / "crl.der")
        self.run("hub", "init", "--data", data, "--keys", self.keys, *trust, *options)
        return data


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Made once: keys are costly to encrypt."""
    return Made(tmp_path_factory.mktemp("tls"))


def refused(made: Made, *options: object) -> Code:
    """Why `hub init` refuses; nothing is left behind."""
    with pytest.raises(Refused) as caught:
        made.init(*options)
    assert not (made.folder / "data").exists()
    return caught.value.code


def test_without_a_pair_a_hub_beyond_this_machine_is_refused(made: Made) -> None:
    assert refused(made, "--host", "0.0.0.0") is Code.HUB_LISTEN


@pytest.mark.parametrize("hosts", [(), ("--host", "*.example"), ("--host", "hub example")])
def test_a_tls_certificate_without_good_names_is_refused(made: Made, hosts: tuple[str, ...]) -> None:
    with pytest.raises(Refused) as caught:
        made.issue("tls", "--kind", "tls", *hosts)
    assert caught.value.code is Code.TLS_HOST


def test_a_pair_of_another_root_is_refused(made: Made, tmp_path: Path) -> None:
    made.run("ca", "init", "--dir", tmp_path / "other", "--name", "another root")
    made.issue("tls", "--kind", "tls", "--host", "hub.example", ca=tmp_path / "other")
    try:
        assert refused(made) is Code.CERT_CHAIN
    finally:
        (made.keys / "tls.pem").unlink()


def test_a_certificate_of_another_kind_is_refused_as_the_hubs_tls(made: Made) -> None:
    made.issue("tls", "--kind", "evidence")
    try:
        assert refused(made) is Code.TLS_CERTIFICATE
    finally:
        (made.keys / "tls.pem").unlink()


def test_with_its_pair_the_hub_is_made_for_https_and_listens_anywhere(made: Made) -> None:
    made.issue("tls", "--kind", "tls", "--host", "hub.example", "--host", "10.1.2.3")
    data = made.init("--host", "0.0.0.0", "--public-url", "https://hub.example:8700")
    settings = parse_settings((data / "hub.toml").read_bytes())
    assert (settings.tls, settings.listen.public_url) == (Tls(), "https://hub.example:8700")
    certificate = read_certificate((data / "keys" / "tls.cert.pem").read_bytes())
    assert hosts_of(certificate) == ("hub.example", "10.1.2.3")
    key = data / "keys" / "tls.key.pem"
    assert b"ENCRYPTED" in key.read_bytes()
    assert key.stat().st_mode & 0o077 == 0
