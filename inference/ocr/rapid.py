# pyright: reportMissingImports=false
"""RapidOCR as the reader of pictures; its models lie in its wheel, nothing is downloaded."""

import threading
from collections.abc import Sequence
from typing import Any

from rapidocr import RapidOCR

from inference.observation import Rect
from inference.ocr.reading import PictureText

_PARAMS = {
    "Global.log_level": "critical",
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}
"""One thread a picture, so that a worker with many sessions stays responsive."""


class RapidReader:
    """Reads one picture at a time; see `PictureReader`."""

    def __init__(self) -> None:
        self._engine: Any = None
        self._lock = threading.Lock()

    def read(self, png: bytes) -> Sequence[PictureText]:
        """See `PictureReader.read`."""
        with self._lock:
            if self._engine is None:
                self._engine = RapidOCR(params=_PARAMS)
            found = self._engine(png)
        if found.boxes is None or found.txts is None:
            return ()
        return tuple(
            PictureText(str(text), float(score), _around(corners))
            for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
        )


def _around(corners: Any) -> Rect:
    xs = [float(x) for x, _ in corners]
    ys = [float(y) for _, y in corners]
    return Rect(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
