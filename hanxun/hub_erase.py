"""`hanxun hub erase`: two administrators have the content of a case erased, at the hub and at both stations."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from hanxun.administrators import (
    And,
    AndPasswordFile,
    By,
    ByPasswordFile,
    Signing,
    Yes,
    completed,
    confirm_for_ever,
    hub_passphrase,
    lines_of_details,
    proposer,
    show_act,
    tell,
)
from hanxun.options import HubData, JsonFlag, PassphraseFile
from hanxun.output import console, print_json, say
from hub.exchange.administration import look_at_case, make_act, open_office, propose_erasure
from hub.exchange.erasing import copies_before_upgrades
from hub.protocol.administration import AdministrationKind
from hub.protocol.erasure import EraseDetails
from hub.protocol.identifiers import parse_case

app = typer.Typer()


@app.command()
def erase(
    case: Annotated[str, typer.Argument(help="案件号 / case number")],
    data: HubData,
    reason: Annotated[str, typer.Option(help="删除依据 / on what ground, e.g. the retention period that has ended")],
    by: By = None,
    password_file: ByPasswordFile = None,
    other: And = None,
    other_password_file: AndPasswordFile = None,
    open: Annotated[bool, typer.Option("--open", help="案件尚未办结也删除 / also a case that has not ended")] = False,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    json: JsonFlag = False,
) -> None:
    """按规定删除一案的函件、附件和预览,不可恢复;摘要、回执和日志保留 / erase a case's content for ever; the trail still proves.

    两名管理员签名后生效,两个派出所收到通知后也删除。 / Two administrators sign; both stations erase when they are told.
    先看:不带 --by 只列出将删除的内容。 / Without --by it only shows what would go.
    例 / example:  hanxun hub erase C06-349911500000-2026-000001 --data hub-data --reason 保存期届满 --by 900001
    """
    number, kind = parse_case(case), AdministrationKind.ERASE_CASE
    signing = Signing(data, passphrase_file, by, password_file, other, other_password_file, yes)
    with open_office(data, hub_passphrase(passphrase_file)) as office:
        details = look_at_case(office, number, reason=reason, open=open)
        for copy in copies_before_upgrades(office.folder):
            say(f"升级前的数据库副本也将删除 / the copy made before an upgrade goes as well: {copy.name}")
        if by is None:
            _show(details, json=json)
            return
        signer, now = proposer(signing), datetime.now(UTC)
        show_act(make_act(kind, number, details, origin=office.rules.origin, certified=signer.certified, now=now))
        confirm_for_ever(yes)
        filed = propose_erasure(office, number, details, signer=signer, now=datetime.now(UTC))
        filed = completed(office, filed, signing)
    tell(filed, json=json)


def _show(details: EraseDetails, *, json: bool) -> None:
    shown = msgspec.to_builtins(details)
    if json:
        print_json({"effective": False, "proposal": None, "would_erase": shown})
        return
    console.print("将删除,尚未签署 / would be erased; nothing is signed yet", markup=False)
    for name, value in lines_of_details(shown):
        console.print(f"  {name}: {value}", markup=False)
