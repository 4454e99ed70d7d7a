"""The same sheet put into a worn scanner again: a little turned, stretched, shifted, blurred, dimmed, noisy. Seeded."""

import io
import random
from functools import cache

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from hub.letters.limits import default_limits
from hub.letters.preview import render_page
from hub.letters.printing import ExplanationLetter, print_explanation
from tests.letters.printing.builders import AT, a_letter


@cache
def a_printed_page(letter: ExplanationLetter | None = None, *, page: int = 1, dpi: int = 150) -> Image.Image:
    """Return a page of a printed letter as a picture."""
    pdf = print_explanation(letter or a_letter(), printed_at=AT, system_fonts=False)
    return Image.open(io.BytesIO(render_page(pdf, page, dpi, limits=default_limits()))).convert("RGB")


def rescanned(image: Image.Image, seed: int) -> Image.Image:
    """Return `image` as another pass of a worn scanner gives it."""
    rng = random.Random(seed)
    width, height = image.size
    scale = rng.uniform(0.985, 1.015)
    image = image.resize((round(width * scale), round(height * scale)), Image.Resampling.BICUBIC)
    shift = (rng.uniform(-15, 15), rng.uniform(-15, 15))
    image = image.rotate(
        rng.uniform(-1.5, 1.5), resample=Image.Resampling.BICUBIC, fillcolor=(250, 250, 250), translate=shift
    )
    image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.9)))
    image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.75, 1.05))
    image = ImageEnhance.Contrast(image).enhance(rng.uniform(0.85, 1.1))
    pixels = np.asarray(image).astype(np.float64)
    pixels += np.random.default_rng(seed).normal(0, rng.uniform(4, 10), pixels.shape)
    written = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(written, "JPEG", quality=rng.randint(50, 85))
    return Image.open(written).convert("RGB")


def crooked(image: Image.Image, degrees: float) -> Image.Image:
    """Return `image` turned clockwise by `degrees` on the scanner's glass."""
    return image.rotate(-degrees, resample=Image.Resampling.BICUBIC, fillcolor=(250, 250, 250))
