"""`hanxun`: the verbs by group, each group's module loaded only when it is called."""

import importlib
import logging
import sys
from functools import cache
from typing import Any

import typer
from typer.core import TyperGroup

from hanxun.output import print_error
from hub.protocol.errors import HanxunError

# Each group or verb is a module of this package that holds `app`.
VERBS = {
    "demo": "演示:中心和三个派出所,错迁回迁全过程 / the mistaken-move story, end to end",
    "hub": "中心的安装与运行 / the hub: init, serve, migrate, check",
    "ca": "小型证书机构 / a small certificate authority",
    "station": "中心登记的派出所 / stations known to the hub",
    "person": "人员及其密钥证书 / people, their keys and certificates",
    "seal": "印章的密钥与登记 / seals: keys and registration",
    "agent": "派出所端:拟稿、审批、用印、发送、核对、办理 / the station agent and its desk",
    "register": "参考登记库(试用) / the reference register, for trials",
    "letter": "扫描件与说明函 / scans and sealed letters: check, seal, verify",
    "evidence": "证据文件 / evidence files: export, verify",
    "trail": "函件轨迹日志 / the hub's log: verify, prove, checkpoint",
}


class _Verbs(TyperGroup):
    """Loads a verb's module when it is asked for: a quick verb must not wait for the libraries of a slow one."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 (the library's signature)
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 (the library's signature)
        return _load(cmd_name) if cmd_name in VERBS else None


@cache
def _load(name: str) -> Any:
    command = typer.main.get_command(importlib.import_module(f"hanxun.{name}").app)
    command.name = name
    command.short_help = VERBS[name]
    return command


app = typer.Typer(
    cls=_Verbs, no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)


@app.callback()
def _root() -> None:
    """函询 Hanxun: 户籍电子函询与盖章说明函交换 / signed inquiries and sealed letters between stations.

    例 / example:  hanxun demo --once
    """


def main() -> None:
    """Run one verb and exit: 0 done, 1 refused or not valid, 2 wrong use."""
    # The library logs every flaw of a bad letter with a traceback; the verdict says it in words.
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    try:
        app(prog_name="hanxun")
    except HanxunError as error:
        print_error(error, as_json="--json" in sys.argv)
        sys.exit(1)
