"""Train the stamp finder's judge on generated pages, and nothing else: writes `hub/letters/stamps/judge.json`.

    python -m benchmarks.train_stamps      # 500 pages, about half a second of one core each

A ring that overlaps a true seal (IoU >= 0.6) is an example for, one that overlaps none (< 0.3) against. Two
small layers by Adam with weight decay. Same seed, same weights.
"""

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
from PIL import Image

from hub.letters.decoding.paper import Rgb, flatten, shrink
from hub.letters.stamps.find import WORKING_WIDTH, box_of
from hub.letters.stamps.ink import dark_ink, red_ink
from hub.letters.stamps.judge import FEATURES, Judges, Weights, describe
from hub.letters.stamps.propose import THOROUGH, propose
from tests.letters.generate_pages import generate
from tests.letters.measure import overlap

TARGET = Path(__file__).resolve().parents[1] / "hub" / "letters" / "stamps" / "judge.json"
_UNITS = 20
_EPOCHS = 400
_DECAY = 1e-3


def examples_of(seed: int, *, dark: bool) -> list[tuple[float, list[float]]]:
    """Return overlap and features of every ring proposed on the page of this seed."""
    made = generate(seed)
    page = shrink(made.page, WORKING_WIDTH)
    ink = dark_ink(flatten(as_copied(page))) if dark else red_ink(flatten(page))
    height, width = page.shape[:2]
    found = []
    for ellipse in propose(ink, effort=THOROUGH):
        best = max((overlap(box_of(ellipse, width, height), box) for box in made.boxes), default=0.0)
        found.append((best, describe(ink, ellipse).tolist()))
    return found


def as_copied(page: Rgb) -> Rgb:
    """Return a page as a black-and-white copier gives it."""
    return np.asarray(Image.fromarray(page).convert("L").convert("RGB"))


def train(features: npt.NDArray[np.float64], labels: npt.NDArray[np.float64], *, seed: int = 0) -> Weights:
    """Fit the two layers by Adam. Examples for and against weigh the same in sum."""
    random = np.random.default_rng(seed)
    mean, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
    standard = np.hstack([np.clip((features - mean) / scale, -4, 4), np.ones((len(features), 1))])
    weigh = np.where(labels > 0, 0.5 / labels.sum(), 0.5 / (1 - labels).sum()) * len(labels)
    inputs = standard.shape[1]
    layers = [random.normal(0, inputs**-0.5, (inputs, _UNITS)), random.normal(0, _UNITS**-0.5, _UNITS + 1)]
    first, second = [np.zeros_like(layer) for layer in layers], [np.zeros_like(layer) for layer in layers]
    step = 0
    for epoch in range(_EPOCHS):
        rate = 0.01 * (1 - epoch / _EPOCHS) + 1e-4
        for batch in np.array_split(random.permutation(len(labels)), max(1, len(labels) // 256)):
            step += 1
            for index, slope in enumerate(_slopes(layers, standard[batch], labels[batch], weigh[batch])):
                first[index] = 0.9 * first[index] + 0.1 * slope
                second[index] = 0.999 * second[index] + 0.001 * slope**2
                size = np.sqrt(second[index] / (1 - 0.999**step)) + 1e-8
                layers[index] = layers[index] - rate * first[index] / (1 - 0.9**step) / size
    hidden, output = layers
    return Weights(
        mean=_rounded(mean),
        scale=_rounded(scale),
        hidden=tuple(_rounded(unit) for unit in hidden.T),
        output=_rounded(output),
        threshold=0.5,
    )


def _slopes(
    layers: list[npt.NDArray[np.float64]],
    standard: npt.NDArray[np.float64],
    labels: npt.NDArray[np.float64],
    weigh: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    hidden, output = layers
    units = np.hstack([np.tanh(standard @ hidden), np.ones((len(standard), 1))])
    likely = 1 / (1 + np.exp(-np.clip(units @ output, -30, 30)))
    wrong = (likely - labels) * weigh / len(labels)
    back = np.outer(wrong, output[:-1]) * (1 - units[:, :-1] ** 2)
    return standard.T @ back + _DECAY * hidden, units.T @ wrong + _DECAY * output


def _rounded(values: npt.NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(value), 5) for value in values)


def judge_for(pages: range, *, dark: bool, threshold: float) -> Weights:
    """Propose on the pages of these seeds, train, and say on stdout how much was learned from."""
    with ProcessPoolExecutor() as pool:
        found = list(pool.map(partial(examples_of, dark=dark), pages, chunksize=4))
    examples = [example for page in found for example in page if example[0] >= 0.6 or example[0] < 0.3]
    labels = np.array([float(near >= 0.6) for near, _ in examples])
    summary = {"ink": "dark" if dark else "red", "examples": len(labels), "seals": int(labels.sum())}
    sys.stdout.write(json.dumps({**summary, "weights": (len(FEATURES) + 2) * _UNITS + 1}) + "\n")
    return msgspec.structs.replace(train(np.array([measured for _, measured in examples]), labels), threshold=threshold)


def main() -> None:
    """Generate, train both judges, write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=360)
    parser.add_argument("--dark-pages", type=int, default=140)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threshold", type=float, default=0.95)
    parser.add_argument("--dark-threshold", type=float, default=0.99)
    parser.add_argument("--output", type=Path, default=TARGET)
    wanted = parser.parse_args()
    first = wanted.seed
    judges = Judges(
        red=judge_for(range(first, first + wanted.pages), dark=False, threshold=wanted.threshold),
        dark=judge_for(range(first, first + wanted.dark_pages), dark=True, threshold=wanted.dark_threshold),
    )
    wanted.output.write_bytes(msgspec.json.format(msgspec.json.encode(judges), indent=1) + b"\n")


if __name__ == "__main__":
    main()
