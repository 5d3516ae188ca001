"""Pictures of labeled data: parsed by pillow in the worker, within limits, to pixels of the size that a model reads.

Transparent parts become white; of an animation the first frame is read. Nothing else of a file
(metadata, color profiles) leaves the worker.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vernacular.config.limits import Limits
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.sandbox.frames import OpenFile
from vernacular.sandbox.limits import for_file
from vernacular.sandbox.reader import opened, read_bounded

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
MOST_PIXELS = 50_000_000
MOST_SIDE = 65_000  # pixels: decoders need memory for each row
MOST_BYTES = 50_000_000
THUMBNAIL = 96  # pixels


@dataclass(frozen=True)
class Size:
    """How a picture is brought to the size that a model reads."""

    height: int
    width: int
    shortest: int | None = None  # scale the shorter side to it and crop the center; else scale both sides
    resample: int = 3  # pillow's number of the filter: 3 is bicubic


def read_picture(file: File, size: Size, limits: Limits) -> NDArray[np.uint8]:
    """Return the pixels of a picture: (height, width, 3).

    Raises:
        LimitReached: a limit was exceeded.
        Problem: it does not exist, is not a picture, or is too large.
    """
    data, = _read(file, "in_worker_pixels", asdict(size), limits)
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(size.height, size.width, 3)


def thumbnail(file: File, limits: Limits) -> str:
    """Return a small copy of a picture as base64 of a PNG file, written by pillow.

    Raises:
        LimitReached: a limit was exceeded.
        Problem: it does not exist, is not a picture, or is too large.
    """
    data, = _read(file, "in_worker_thumbnail", THUMBNAIL, limits)
    return str(data)


def check_pillow(where: str) -> None:
    """Raise a Problem unless pillow is installed."""
    if find_spec("PIL") is None:
        raise Problem("pictures need the package pillow, which is not installed", where=where,
                      fix="Run `pip install 'vernacular[pictures]'`", code=Code.INSTALLATION)


def missing_picture(file: File) -> Problem:
    """Return the problem of a picture that does not exist."""
    return Problem("there is no such picture", where=file.shown,
                   fix="Add it, or correct its name, which is relative to the task's `folder:`",
                   code=Code.DATA_MISSING)


def _read(file: File, function: str, argument: Any, limits: Limits) -> Iterator[Any]:
    check_pillow(file.shown)
    try:
        with opened(file) as content:
            if content.size > MOST_BYTES:
                raise Problem(f"this picture has more than {MOST_BYTES / 1e6:.0f} MB", where=file.shown,
                              fix="Save a smaller copy", code=Code.DATA_LIMIT)
            return read_bounded(f"{__name__}:{function}", [content], [argument, file.shown], file.shown,
                                for_file(limits, content.size))
    except FileNotFoundError:
        raise missing_picture(file) from None


def in_worker_pixels(files: Sequence[OpenFile], size: dict[str, Any], where: str) -> Iterator[str]:
    """In the worker: yield the pixels of the one file, in base64."""
    import_module("PIL.Image")
    return _pixels(files[0], Size(**size), where)


def in_worker_thumbnail(files: Sequence[OpenFile], most: int, where: str) -> Iterator[str]:
    """In the worker: yield a PNG file of the one picture, at most ``most`` pixels wide and high, in base64."""
    import_module("PIL.Image")
    return _thumbnail(files[0], most, where)


def _pixels(file: OpenFile, size: Size, where: str) -> Iterator[str]:
    picture, filter_ = _decoded(file, where), _image().Resampling(size.resample)
    if size.shortest is None:
        picture = picture.resize((size.width, size.height), filter_)
    else:
        width, height = _scaled(picture.size, size.shortest, where)
        left, top = (width - size.width) // 2, (height - size.height) // 2
        picture = picture.resize((width, height), filter_).crop((left, top, left + size.width, top + size.height))
    yield base64.b64encode(picture.tobytes()).decode("ascii")


def _scaled(size: tuple[int, int], shortest: int, where: str) -> tuple[int, int]:
    """Return width and height with the shorter side at ``shortest``, as transformers rounds them."""
    short, long = sorted(size)
    longer = int(shortest * long / short)
    if longer * shortest > MOST_PIXELS:
        raise Problem(f"this picture is too narrow ({size[0]} x {size[1]} pixels)", where=where,
                      fix="Crop it", code=Code.DATA_LIMIT)
    return (shortest, longer) if size[0] <= size[1] else (longer, shortest)


def _thumbnail(file: OpenFile, most: int, where: str) -> Iterator[str]:
    picture, out = _decoded(file, where), io.BytesIO()
    picture.thumbnail((most, most))
    picture.save(out, "PNG")
    yield base64.b64encode(out.getvalue()).decode("ascii")


def _image() -> Any:
    return import_module("PIL.Image")


def _decoded(file: OpenFile, where: str) -> Any:
    """Return the first frame in RGB, turned upright."""
    image, turned = _image(), import_module("PIL.ImageOps").exif_transpose
    image.MAX_IMAGE_PIXELS = None  # the limit here is lower, and refuses instead of warning
    try:
        picture = image.open(file.stream, formats=FORMATS)
        if picture.width * picture.height > MOST_PIXELS or max(picture.size) > MOST_SIDE:
            raise Problem(f"this picture has {picture.width:,} x {picture.height:,} pixels, and the limits are "
                          f"{MOST_PIXELS / 1e6:.0f} million pixels and {MOST_SIDE:,} a side", where=where,
                          fix="Save a smaller copy", code=Code.DATA_LIMIT)
        picture = turned(picture).convert("RGBA")
    except (Problem, MemoryError):
        raise
    except Exception as error:  # decoders raise errors of many kinds for damaged files
        raise Problem(f"this is not a picture that can be read ({type(error).__name__})", where=where,
                      fix=f"Save it again as {' or '.join(FORMATS[:2])}, or leave it out",
                      code=Code.DATA_FORMAT) from error
    white = image.new("RGBA", picture.size, (255, 255, 255, 255))
    white.alpha_composite(picture)
    return white.convert("RGB")
