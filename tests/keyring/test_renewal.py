"""Renewing a pair of key and certificate: whatever breaks off whenever, the place always holds a pair that works."""

import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from hub.keyring import renew
from hub.keyring.expiry import expiring, expiry_of
from hub.keyring.pairs import load_pair
from hub.keyring.place import KeyPlace
from hub.keyring.renew import NewKey, begin_renewal, make_key, place_for, put_certificate, retired_certificates, swap
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.authority import Request, Subject, issue
from hub.signing.certificates import Certified
from hub.signing.purposes import DEFAULT_PURPOSES, CertificateKind
from tests.exchange.builders import CHEAP, A, Province, a_province

SECRET = b"the passphrase of this test"
NEW = NewKey("Ed25519", cost=CHEAP)


def issued(province: Province, request: Request) -> Certified:
    return issue(
        province.root,
        kind=CertificateKind.AGENT,
        public_key=request.public_key,
        subject=request.subject,
        not_before=province.start,
        not_after=province.start + timedelta(days=100),
    )


def a_place(folder: Path, province: Province) -> KeyPlace:
    place = KeyPlace(folder / "agent.key.pem", folder / "agent.cert.pem", folder / "agent.csr.pem")
    put_certificate(place, issued(province, make_key(place, SECRET, Subject("新桥函询", station=A), NEW)))
    return place


def test_a_successor_follows_and_the_old_certificate_stays(tmp_path: Path) -> None:
    province = a_province()
    place = a_place(tmp_path, province)
    old = load_pair(place, SECRET, purposes=DEFAULT_PURPOSES).certified
    new = issued(province, begin_renewal(place, SECRET, NEW, purposes=DEFAULT_PURPOSES))
    assert (new.name, new.station) == (old.name, old.station)
    assert load_pair(place, SECRET, purposes=DEFAULT_PURPOSES).certified == old
    assert place_for(new, (place,)) == place.next
    put_certificate(place.next, new)
    swap(place, purposes=DEFAULT_PURPOSES)
    assert load_pair(place, SECRET, purposes=DEFAULT_PURPOSES).certified == new
    assert retired_certificates(place, purposes=DEFAULT_PURPOSES) == (old,)
    assert [path for path in place.next.key.parent.iterdir() if path.is_file()] == []


def test_a_renewal_broken_off_at_any_step_leaves_a_pair_that_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    province = a_province()
    really = os.replace
    for step in range(1, 10):
        place = a_place(tmp_path / str(step), province)
        old = load_pair(place, SECRET, purposes=DEFAULT_PURPOSES).certified
        new = issued(province, begin_renewal(place, SECRET, NEW, purposes=DEFAULT_PURPOSES))
        put_certificate(place.next, new)
        calls = 0

        def broken(source: object, target: object, step: int = step) -> None:
            nonlocal calls
            calls += 1
            if calls == step:
                raise OSError("power failure")
            really(source, target)  # type: ignore[arg-type]

        monkeypatch.setattr(os, "replace", broken)
        try:
            swap(place, purposes=DEFAULT_PURPOSES)
            whole = True
        except OSError:
            whole = False
        monkeypatch.setattr(os, "replace", really)
        assert load_pair(place, SECRET, purposes=DEFAULT_PURPOSES).certified in (old, new)
        swap(place, purposes=DEFAULT_PURPOSES)
        assert load_pair(place, SECRET, purposes=DEFAULT_PURPOSES).certified == new
        assert retired_certificates(place, purposes=DEFAULT_PURPOSES) == (old,)
        if whole:
            assert step > 3
            return
    raise AssertionError("the swap never came to its end")


def test_a_successor_has_the_same_passphrase_and_there_is_only_one(tmp_path: Path) -> None:
    place = a_place(tmp_path, a_province())
    with pytest.raises(Refused) as wrong:
        begin_renewal(place, b"another", NEW, purposes=DEFAULT_PURPOSES)
    assert wrong.value.code is Code.KEY_PASSPHRASE
    assert not place.next.has_key
    begin_renewal(place, SECRET, NEW, purposes=DEFAULT_PURPOSES)
    with pytest.raises(Refused) as second:
        begin_renewal(place, SECRET, NEW, purposes=DEFAULT_PURPOSES)
    assert second.value.code is Code.RENEWAL_WAITING


def test_keys_are_written_for_their_owner_only_under_any_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        place = a_place(tmp_path / "keys", a_province())
        begin_renewal(place, SECRET, NEW, purposes=DEFAULT_PURPOSES)
    finally:
        os.umask(before)
    for path in (place.key, place.next.key):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    place = a_place(tmp_path, a_province())
    before = place.key.read_bytes()
    with pytest.raises(Refused) as refusal:
        make_key(place, SECRET, Subject("x", station=A), NEW)
    assert refusal.value.code is Code.FILE_EXISTS
    assert place.key.read_bytes() == before
    assert renew.place_for(load_pair(place, SECRET, purposes=DEFAULT_PURPOSES).certified, (place,)) == place


def test_warnings_come_30_14_3_and_1_days_ahead_and_at_the_end() -> None:
    province = a_province()
    certified = province.agent(A).certified
    steps = []
    for days in (31, 30, 29, 15, 14, 13, 4, 3, 2, 1, 0.5, 0, -1):
        found = expiry_of(certified, certified.not_after - timedelta(days=days))
        steps.append(None if found is None else found.step)
    assert steps == [None, 30, 30, 30, 14, 14, 14, 3, 3, 1, 1, 1, 0]
    late = expiring([certified], certified.not_after + timedelta(days=2))
    assert [item.expired for item in late] == [True]
