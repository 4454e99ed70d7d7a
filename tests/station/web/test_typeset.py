"""The pages' Chinese texts stand with Chinese punctuation; times, codes, addresses and what people wrote stay as they are."""

import pytest

from hub.pages.typeset import typeset
from hub.pages.wording import ZH, Words
from hub.protocol.codes import Code
from station_agent.web.wording import PACKAGE


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("会话已过期,填写内容已保留", "会话已过期，填写内容已保留"),
        ("首次使用?凭开通码设置", "首次使用？凭开通码设置"),
        ("开通码由所长发给,24小时内有效", "开通码由所长发给，24小时内有效"),
        ("{name},您好", "{name}，您好"),
        ("迟发原因:{reason}", "迟发原因：{reason}"),
        ("{n} %,仿印被说成相似", "{n} %，仿印被说成相似"),
        ("旋转(只影响显示)", "旋转（只影响显示）"),
        ("已丢弃的({n})", "已丢弃的（{n}）"),
    ],
)
def test_punctuation_beside_chinese_is_chinese(typed: str, shown: str) -> None:
    assert typeset(typed) == shown


@pytest.mark.parametrize(
    "text",
    [
        "印章 1:1",
        "距今日24:00还剩",
        "按 ? 查看按键",
        "例如 :hs",
        "证据文件(.asice)、签封的说明函(.pdf)",
        "2026-11-30 09:21",
    ],
)
def test_times_codes_and_addresses_stay(text: str) -> None:
    assert typeset(text) == text


def test_what_people_wrote_is_shown_as_they_wrote_it() -> None:
    words = Words(ZH, PACKAGE)
    assert words("case.late_reason", reason="昨日停电,今日补发") == "迟发原因：昨日停电,今日补发"
    assert "扫描,一.pdf" in words.code(Code.SCAN_NOT_RECOGNISED, {"name": "扫描,一.pdf"})[0]
