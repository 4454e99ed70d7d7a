"""Signing in at the hub's desk: who may, by which code, and that leaving ends it."""

from datetime import timedelta
from pathlib import Path

import pyotp
import pytest

from hub.exchange.administration import approve, open_office, propose
from hub.protocol.administration import AdministrationKind, ReasonDetails
from hub.protocol.codes import Code
from hub.protocol.errors import NotPermitted, Refused
from hub.store.layout import DataFolder
from hub.web.desk.accounts import code_for, new_first_code
from hub.web.desk.ground import open_ground
from tests.exchange.builders import PASSPHRASE, administer, now_utc
from tests.web.desk.bureau import PASSWORD, Bureau, a_bureau, keep_official, served_desk


@pytest.fixture
def bureau(tmp_path: Path) -> Bureau:
    return a_bureau(tmp_path)


async def test_administrators_and_auditors_come_in_by_password_and_code(bureau: Bureau) -> None:
    async with served_desk(bureau) as served:
        for signer in (*bureau.administrators, bureau.auditor):
            await served.sign_in(signer)
            response, page = await served.get("/desk")
            assert response.status == 200
            assert signer.certified.name in page


def test_the_first_administrator_comes_in_by_the_code_of_init_and_nobody_after(bureau: Bureau) -> None:
    first, second = (signer.certified.number or "" for signer in bureau.administrators)
    code = new_first_code(DataFolder(bureau.data), now=now_utc())
    ground = open_ground(bureau.data, PASSPHRASE)
    now = now_utc()
    begun = ground.accounts.begin_enrolment(first, PASSWORD, code, now=now)
    assert len(ground.accounts.enrol(begun.ticket, pyotp.TOTP(begun.secret).at(now), now=now)) == 10
    with pytest.raises(NotPermitted) as caught:
        ground.accounts.begin_enrolment(second, PASSWORD, code, now=now)
    assert caught.value.code is Code.DESK_CODE
    ground.close()


def test_a_second_factor_is_reset_by_two_and_the_old_one_opens_nothing(bureau: Bureau) -> None:
    secret = bureau.enrol(bureau.auditor)
    first, second = bureau.administrators
    number, now = bureau.auditor.certified.number or "", now_utc()
    with open_office(bureau.data, PASSPHRASE) as office:
        with office.engine.begin() as tx, pytest.raises(Refused) as caught:
            code_for(tx, number, now=now)
        assert caught.value.code is Code.DESK_ENROLLED
        details = ReasonDetails(reason="手机丢失")
        filed = propose(office, AdministrationKind.RESET_ACCOUNT, number, details, signer=first, now=now)
        assert filed.number is not None
        approve(office, filed.number, signer=second, now=now)
        with office.engine.begin() as tx:
            assert code_for(tx, number, now=now)
    ground = open_ground(bureau.data, PASSPHRASE)
    with pytest.raises(NotPermitted) as refused:
        ground.accounts.sign_in(number, PASSWORD, pyotp.TOTP(secret).at(now), address="::1", now=now)
    assert refused.value.code is Code.DESK_NOT_ENROLLED
    ground.close()


async def test_who_is_dismissed_is_out_at_the_next_click(bureau: Bureau) -> None:
    first, second = bureau.administrators
    async with served_desk(bureau) as served:
        await served.sign_in(second)
        number = second.certified.number or ""
        administer(
            bureau.data,
            bureau.province,
            AdministrationKind.DISMISS_ADMINISTRATOR,
            number,
            ReasonDetails(reason="调离"),
        )
        response, _ = await served.get("/desk")
        assert response.status == 303
    assert first.certified.number != number


def test_a_role_that_nobody_gave_here_opens_nothing(bureau: Bureau) -> None:
    stranger = bureau.province.administrator("900077", "未任命")
    keep_official(bureau.data, stranger)
    ground = open_ground(bureau.data, PASSPHRASE)
    with ground.engine.begin() as tx:
        code = code_for(tx, "900077", now=now_utc())
    with pytest.raises(NotPermitted) as caught:
        ground.accounts.begin_enrolment("900077", PASSWORD, code, now=now_utc() + timedelta(seconds=1))
    assert caught.value.code is Code.DESK_CERTIFICATE
    ground.close()
