"""Printed reports and letters: what goes in comes out, or is refused by name."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.letters.printing import (
    PrintedCheck,
    PrintedFact,
    correction_from_body,
    explanation_from_body,
    print_correction,
    print_explanation,
    print_report,
    sheet_of,
)
from hub.letters.printing.typesetting import can_print
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import digest_of
from hub.protocol.strict_json import encode_json
from hub.protocol.verdict import Indication, Result
from tests.cases.builders import ID_TWO, a_c04_inquiry, a_c06_inquiry
from tests.cases.builders import a_person as a_person_in_a_body
from tests.letters.printing.builders import AT, CASE, DIGEST, a_letter, a_person, a_report, text_of

RARE = ["㛃", "𬎆", "䶮"]


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_a_report_holds_every_word_it_was_given() -> None:
    report = a_report(summary="第一行\nsecond line")
    text = text_of(print_report(report, printed_at=AT, system_fonts=False))
    for word in (
        report.title_zh,
        report.title_en,
        CASE,
        "全部通过TOTAL-PASSED",
        "第一行secondline",
        "姓名/name王小明",
        "seal.intact不通过/failed电子签名无效/invalid→勿办理回迁/donotact",
        "2026-11-2411:00:00北京时间错迁说明函/inquiry李建国广德市公安局桃州派出所",
        "letter.pdfletter123456" + DIGEST,
        "本报告可离线复核。",
        "1/1",
    ):
        assert squeezed(word) in text


@pytest.mark.parametrize("indication", list(Indication))
@pytest.mark.parametrize("result", list(Result))
def test_every_result_and_indication_has_its_words(indication: Indication, result: Result) -> None:
    report = a_report(
        indication=indication, checks=(PrintedCheck("x", result),), facts=(), timeline=(), files=(), notes=()
    )
    text = text_of(print_report(report, printed_at=AT, system_fonts=False))
    assert indication.value in text
    assert result.value in text


def test_a_letter_holds_the_template_of_the_domain() -> None:
    text = text_of(print_explanation(a_letter(), printed_at=AT, system_fonts=False))
    for word in (
        "关于王小明户口错误迁移情况的说明函",
        "宿松县公安局孚玉派出所：",
        "2026年11月20日，我所办理了下列人员的户口迁移（业务流水号：QR20261120000123，经办人：李建国）。",
        "2026年11月24日11时00分发现该迁移有误，发现方式：下班前盘点。",
        "1王小明341824199003078810户主安徽省宿松县孚玉镇人民路1号安徽省广德市桃州镇万桂山路8号",
        "三、错迁原因同名。",
        "“一站式无证迁移”",
        "联系人：李建国电话：0563-6022110",
        "1.迁移申请表复印件",
        "广德市公安局桃州派出所（盖户口专用章）2026年11月24日",
        f"案件{CASE}函号皖公广桃户函〔2026〕17号校验{DIGEST[:16]}1/1",
    ):
        assert squeezed(word) in text


def test_a_letter_about_a_family_counts_them_and_every_page_has_its_footer() -> None:
    letter = a_letter(persons=tuple(a_person(f"王{number}") for number in "一二三四五六七八九十" * 4))
    pdf = print_explanation(letter, printed_at=AT, system_fonts=False)
    pages = pypdf.PdfReader(BytesIO(pdf)).pages
    assert len(pages) > 1
    assert letter.title == "关于王一等40人户口错误迁移情况的说明函"
    for number, page in enumerate(pages, start=1):
        assert f"{number}/{len(pages)}" in squeezed(page.extract_text())
        assert CASE in squeezed(page.extract_text())


def test_a_letter_is_made_from_the_body_of_an_envelope() -> None:
    body = a_c06_inquiry(
        persons=[a_person_in_a_body(), a_person_in_a_body(name="王二", id18=ID_TWO)],
        cause_text="选择时未核对号码",
        right_place="安徽省宿松县",
    )
    letter = explanation_from_body(
        body,
        case=CASE,
        addressee="宿松县公安局孚玉派出所",
        sender="广德市公安局桃州派出所",
        written_on=AT.date(),
        contact="李建国",
        telephone="0563-6022110",
    )
    text = text_of(print_explanation(letter, printed_at=AT, system_fonts=False))
    assert "关于王小明等2人户口错误迁移情况的说明函" in text
    assert "同名。选择时未核对号码" in text
    assert "应迁往地：安徽省宿松县。" in text


def test_a_letter_about_wrong_items_is_made_from_the_body_of_an_envelope() -> None:
    body = a_c04_inquiry(caused_by_opener=True, letter_number="皖公广桃户函〔2026〕18号", text="录入时看错一位。")
    body["items"].append({"item": "住址", "change_code": "99", "current": "", "proposed": "孚玉镇2号", "proof": DIGEST})
    sheet = sheet_of(
        body,
        case=CASE,
        addressee="宿松县公安局孚玉派出所",
        sender="广德市公安局桃州派出所",
        written_on=AT.date(),
        contact="李建国",
        telephone="0563-6022110",
    )
    letter = correction_from_body(body, sheet=sheet)
    text = text_of(print_correction(letter, printed_at=AT, system_fonts=False))
    for word in (
        "关于王小明户口登记项目差错情况的说明函",
        "王小明，公民身份号码：341824199003078810。",
        "录入时看错一位。",
        "1出生日期1990030719900308",
        "2住址（空）孚玉镇2号",
        f"校验{digest_of(encode_json(body))[:16]}",
    ):
        assert word in text


@pytest.mark.parametrize("character", RARE)
def test_a_rare_character_is_printed_by_a_system_font(character: str) -> None:
    if not can_print(character):
        pytest.skip("no font of this machine has it")
    report = a_report(facts=(PrintedFact("姓名", "name", f"王{character}明"),))
    assert f"王{character}明" in text_of(print_report(report, printed_at=AT))
    letter = a_letter(persons=(a_person(f"王{character}"),))
    assert f"关于王{character}户口错误迁移情况的说明函" in text_of(print_explanation(letter, printed_at=AT))


@pytest.mark.parametrize("character", [*RARE, "\U0010fffd", "\u200b", "\x07", "\t", "\ue000"])
def test_a_character_that_no_font_has_is_named_and_never_dropped(character: str) -> None:
    report = a_report(facts=(PrintedFact("姓名", "name", f"王{character}"),))
    with pytest.raises(Refused) as refused:
        print_report(report, printed_at=AT, system_fonts=False)
    assert refused.value.code is Code.PRINT_GLYPH_MISSING
    assert f"U+{ord(character):04X}" in refused.value.text.zh


def test_a_control_character_is_refused_with_system_fonts_too() -> None:
    assert not can_print("王\u200b")
    assert not can_print("王\x07")


def test_common_given_names_outside_gb_2312_need_no_system_font() -> None:
    assert can_print("喆堃昇玥煊瑄燚赟旸曌頔彧", system_fonts=False)


def test_what_looks_like_markup_stays_text() -> None:
    hostile = '#read("/etc/passwd") $x$ *a* _b_ [c] <d> // e \\ "f" @g = h'
    text = text_of(print_report(a_report(notes=(hostile,)), printed_at=AT, system_fonts=False))
    assert squeezed(hostile) in text


def test_long_tokens_stay_whole_and_on_the_page() -> None:
    token = "https://example.org/" + "a1" * 200
    report = a_report(facts=(PrintedFact("链接", "link", token),), notes=(token,))
    assert text_of(print_report(report, printed_at=AT, system_fonts=False)).count(token) == 2


def test_the_same_input_and_time_give_the_same_bytes() -> None:
    assert print_report(a_report(), printed_at=AT) == print_report(a_report(), printed_at=AT)
    assert print_explanation(a_letter(), printed_at=AT) == print_explanation(a_letter(), printed_at=AT)
    assert print_report(a_report(), printed_at=AT) != print_report(a_report(), printed_at=AT + timedelta(seconds=1))


def test_the_file_says_that_it_is_pdf_a_2b_and_embeds_its_fonts(tmp_path: Path) -> None:
    pdf = print_report(a_report(), printed_at=AT, system_fonts=False)
    reader = pypdf.PdfReader(BytesIO(pdf))
    metadata = reader.trailer["/Root"]["/Metadata"].get_data().decode()  # type: ignore[index]
    assert "<pdfaid:part>2</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():
            descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            assert "/FontFile3" in descriptor


@settings(max_examples=15, deadline=None)
@given(st.text(st.characters(codec="gb18030"), max_size=40))
def test_any_text_comes_out_as_it_went_in_or_is_refused(value: str) -> None:
    if not can_print(value, system_fonts=False):
        with pytest.raises(Refused):
            print_report(a_report(notes=(f"起{value}止",)), printed_at=AT, system_fonts=False)
        return
    text = text_of(print_report(a_report(notes=(f"起{value}止",)), printed_at=AT, system_fonts=False))
    assert squeezed(f"起{value}止") in text


@settings(max_examples=15, deadline=None)
@given(
    st.text(
        st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5) | st.sampled_from("〔〕「」…—·×①→ABCxyz019"),
        min_size=1,
        max_size=60,
    )
)
def test_any_printable_text_comes_out_as_it_went_in(value: str) -> None:
    text = text_of(print_report(a_report(notes=(f"起{value}止",)), printed_at=AT, system_fonts=False))
    assert squeezed(f"起{value}止") in text


def test_the_wheel_carries_font_licence_templates_and_configuration(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    found = [
        path for place in ("hub/letters/printing", "config") for path in (root / place).rglob("*") if path.is_file()
    ]
    shipped = [path for path in found if path.parent.name != "__pycache__"]
    for folder in {path.parent for path in shipped}:
        assert (folder / "__init__.py").exists(), f"{folder} is no package, so setuptools leaves its data out"
    assert {path.suffix for path in shipped} <= {".py", ".typ", ".otf", ".txt", ".toml"}
