"""The border is found whatever covers, cuts or stretches it; ink is told from paper and print."""

import cv2
import numpy as np
import pytest

from hub.letters.compare.disc import MIDDLE, RADIUS, lay_on_disc
from hub.letters.compare.ink import measure_ink
from hub.letters.compare.ring import find_ring, radius_at
from tests.letters.compare.stamps import a_stamp, printed


@pytest.mark.parametrize("strength", [0.25, 1.0, 2.2])
@pytest.mark.parametrize("print_over", [False, True])
def test_the_border_is_found_faint_or_dark_and_under_print(strength: float, print_over: bool) -> None:
    ring = find_ring(measure_ink(printed(a_stamp(), strength=strength, print_over=print_over)))
    assert ring is not None
    assert abs(ring.radius - 230 * 0.9) < 2.5
    assert np.hypot(ring.x - 280, ring.y - 280) < 2.5


def test_an_oval_border_becomes_a_circle() -> None:
    picture = cv2.resize(printed(a_stamp()), None, fx=1.0, fy=0.9, interpolation=cv2.INTER_AREA)
    ink = measure_ink(picture)
    ring = find_ring(ink)
    assert ring is not None
    across, down = radius_at(ring, np.array([0.0, np.pi / 2]))
    assert abs(down / across - 0.9) < 0.015
    disc = lay_on_disc(ink, ring).amount
    right = int(np.argmax(disc[int(MIDDLE), int(MIDDLE) + 80 :])) + 80
    bottom = int(np.argmax(disc[int(MIDDLE) + 80 :, int(MIDDLE)])) + 80
    assert abs(right - RADIUS) <= 5
    assert abs(bottom - RADIUS) <= 5


def test_half_a_border_is_enough() -> None:
    ink = a_stamp()
    ink[:, 300:] = 0
    ring = find_ring(measure_ink(printed(ink)))
    assert ring is not None
    assert abs(ring.radius - 207) < 6
    assert ring.coverage < 0.7


def test_blank_paper_has_no_border() -> None:
    assert find_ring(measure_ink(np.full((400, 400, 3), 240, np.uint8))) is None


def test_tint_and_dimness_of_the_paper_do_not_change_the_ink() -> None:
    bright = measure_ink(printed(a_stamp(), paper=250)).amount
    dim = measure_ink(printed(a_stamp(), paper=150)).amount
    assert abs(float(np.percentile(bright, 98)) - float(np.percentile(dim, 98))) < 0.15


def test_black_print_is_hidden_not_ink() -> None:
    ink = measure_ink(printed(np.zeros((560, 560), np.float32), print_over=True))
    assert float(ink.hidden[294:310, 200:300].max()) > 0.9
    assert float(np.percentile(ink.amount, 99)) < 0.12
