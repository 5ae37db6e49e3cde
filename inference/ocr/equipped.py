"""Whether this installation can read pictures."""

from importlib import import_module
from importlib.util import find_spec

from inference.ocr.reading import PictureReader


def equipped() -> PictureReader | None:
    """The reader of the ocr extra (`pip install mantis-service[ocr]`), None where it is missing.

    Its models are loaded at the first picture.
    """
    if find_spec("rapidocr") is None or find_spec("onnxruntime") is None:
        return None
    reader: PictureReader = import_module("inference.ocr.rapid").RapidReader()
    return reader
