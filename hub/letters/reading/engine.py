"""The reading engine, in the child only: PP-OCR models that lie in the wheel of `rapidocr`, on onnxruntime, one thread.

Nothing is fetched: the three files are named by path, and it is an error when one is missing. Red ink is as bright as paper in
the red channel, so a page read by that channel alone has no stamp over its words.
"""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rapidocr import RapidOCR

from hub.letters.decoding.paper import Rgb
from hub.letters.reading.lines import Line

_DETECT, _RECOGNISE = "PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"
_LEAST_SURE = 0.5
_MOST_TEXT = 400


@cache
def load_engine() -> Any:
    """Load the models once, before any fork. Raises: FileNotFoundError when the wheel lacks one."""
    models = Path(str(files("rapidocr"))) / "models"
    paths = [models / name for name in (_DETECT, _RECOGNISE)]
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(path)
    return RapidOCR(
        params={
            "Det.model_path": str(paths[0]),
            "Rec.model_path": str(paths[1]),
            "Global.use_cls": False,
            "Global.log_level": "critical",
            "Global.text_score": _LEAST_SURE,
            # Threads cannot be started in the confined child, and do not survive the fork.
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def read_page(page: Rgb, number: int) -> tuple[Line, ...]:
    """Return the lines on an upright RGB page, numbered `number` (from 1), from the top down."""
    found = load_engine()(cv2.merge([page[:, :, 0]] * 3))
    if found.boxes is None or found.txts is None:
        return ()
    height, width = page.shape[:2]
    lines = []
    for corners, text in zip(found.boxes, found.txts, strict=True):
        # Corners go round from the upper left one.
        places = np.clip(np.asarray(corners, dtype=np.float64) / (width, height), 0, 1)
        (left, top), (right, bottom) = places.min(axis=0), places.max(axis=0)
        lines.append(
            Line(
                page=number,
                text=str(text)[:_MOST_TEXT],
                box=(float(left), float(top), float(right), float(bottom)),
                begins=float(places[[0, 3], 1].mean()),
                ends=float(places[[1, 2], 1].mean()),
                height=float(abs(places[3, 1] - places[0, 1])),
            )
        )
    return tuple(sorted(lines, key=lambda line: (line.box[1], line.box[0])))
