"""Similar, different, not legible; what differs and where; through the sandboxed child, as in use."""

import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.letters.compare import Comparison, Likeness, aligned_pictures, compare_impressions
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from tests.letters.compare.stamps import a_stamp, jpeg, printed

SPECIMEN = jpeg(printed(a_stamp()))


@pytest.mark.parametrize("degrees", [0, 17, 145, -90])
def test_the_same_stamp_is_similar_however_it_is_turned(degrees: float) -> None:
    answer = compare_impressions([SPECIMEN], jpeg(printed(a_stamp(), degrees=degrees, strength=0.9)))
    assert answer.verdict is Likeness.SIMILAR
    assert answer.specimen == 0


def test_print_over_the_stamp_does_not_make_it_another() -> None:
    answer = compare_impressions([SPECIMEN], jpeg(printed(a_stamp(), print_over=True)))
    assert answer.verdict is not Likeness.DIFFERENT


def test_other_characters_are_different() -> None:
    other = a_stamp(characters=tuple(range(50, 61)))
    answer = compare_impressions([SPECIMEN], jpeg(printed(other)))
    assert answer.verdict is Likeness.DIFFERENT
    assert answer.differences


def test_a_mirrored_stamp_is_different() -> None:
    answer = compare_impressions([SPECIMEN], jpeg(printed(a_stamp()[:, ::-1].copy())))
    assert answer.verdict is Likeness.DIFFERENT


def test_one_changed_character_scores_lower_and_is_named_where_it_stands() -> None:
    characters = (0, 1, 2, 3, 4, 77, 6, 7, 8, 9, 10)  # the one at the top
    same = compare_impressions([SPECIMEN], jpeg(printed(a_stamp(), degrees=9)))
    changed = compare_impressions([SPECIMEN], jpeg(printed(a_stamp(characters=characters), degrees=9)))
    assert changed.score < same.score
    assert changed.differences[0].where in {"arc 11:30", "arc 12:00", "arc 12:30"}


def test_the_most_similar_of_several_specimens_counts() -> None:
    other = jpeg(printed(a_stamp(characters=tuple(range(50, 61)))))
    answer = compare_impressions([other, SPECIMEN], jpeg(printed(a_stamp(), degrees=30)))
    assert answer.specimen == 1
    assert answer.verdict is Likeness.SIMILAR


def test_an_empty_picture_is_not_legible_and_still_has_a_score() -> None:
    answer = compare_impressions([SPECIMEN], jpeg(np.full((300, 300, 3), 240, np.uint8)))
    assert answer.verdict is Likeness.NOT_LEGIBLE
    assert answer.score == 0.0
    assert [difference.what for difference in answer.differences] == [Code.COMPARE_NO_STAMP]


def test_a_quarter_of_a_stamp_is_not_legible() -> None:
    ink = a_stamp()
    ink[:, 220:] = 0
    answer = compare_impressions([SPECIMEN], jpeg(printed(ink)))
    assert answer.verdict is Likeness.NOT_LEGIBLE
    assert 0 <= answer.score <= 1


def test_a_specimen_without_a_stamp_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        compare_impressions([jpeg(np.full((300, 300, 3), 240, np.uint8))], SPECIMEN)
    assert caught.value.code is Code.COMPARE_NO_STAMP


def test_the_verdict_is_written_as_in_the_interface() -> None:
    answer = compare_impressions([SPECIMEN], SPECIMEN)
    assert msgspec.json.decode(msgspec.json.encode(answer))["verdict"] == "similar"
    assert "genuine" not in {likeness.value for likeness in Likeness}
    assert msgspec.json.decode(msgspec.json.encode(answer), type=Comparison) == answer


def test_both_pictures_for_the_human_look_are_straight_and_turned_alike() -> None:
    one, other = (
        cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
        for png in aligned_pictures(SPECIMEN, jpeg(printed(a_stamp(), degrees=64)))
    )
    assert one.shape == other.shape == (640, 640)
    assert float(np.corrcoef(cv2.blur(one, (9, 9)).ravel(), cv2.blur(other, (9, 9)).ravel())[0, 1]) > 0.9


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(raw=st.binary(max_size=400) | st.binary(max_size=200).map(lambda tail: SPECIMEN[:2000] + tail))
def test_any_bytes_are_compared_or_refused(raw: bytes) -> None:
    try:
        answer = compare_impressions([SPECIMEN], raw)
    except Refused:
        return
    assert 0 <= answer.score <= 1
