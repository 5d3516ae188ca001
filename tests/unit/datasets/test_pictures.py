"""Pictures are read as transformers reads them; what is damaged, hostile or too large is refused by a code."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from vernacular.config.limits import Limits
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.datasets.pictures import THUMBNAIL, Size, read_picture, thumbnail

RNG = np.random.default_rng(1)
NOISE = Image.fromarray(RNG.integers(0, 255, (37, 61, 3), np.uint8))
SQUARE = Size(16, 16)


def bytes_of(picture: Image.Image, form: str = "PNG", **more: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **more)
    return out.getvalue()


def file_with(folder: Path, data: bytes, name: str = "a.png") -> File:
    (folder / name).write_bytes(data)
    return File.at(folder / name)


@pytest.mark.parametrize("picture", [NOISE, NOISE.rotate(90, expand=True), NOISE.convert("L")])
def test_pixels_are_those_of_transformers(picture: Image.Image, tmp_path: Path) -> None:
    file, plain = file_with(tmp_path, bytes_of(picture)), {"do_rescale": False, "do_normalize": False}
    clip = CLIPImageProcessorPil(size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16}, **plain)
    siglip = SiglipImageProcessorPil(size={"height": 16, "width": 16}, **plain)
    for processor, size in ((clip, Size(16, 16, 16)), (siglip, Size(16, 16, resample=siglip.resample))):
        theirs = processor(picture.convert("RGB"), return_tensors="np")["pixel_values"][0].transpose(1, 2, 0)
        assert np.array_equal(read_picture(file, size, Limits()), theirs)


def test_transparent_parts_are_white_and_the_camera_is_turned_back(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (8, 8), (200, 0, 0, 0))
    assert read_picture(file_with(tmp_path, bytes_of(clear)), SQUARE, Limits()).min() == 255
    turned = Image.new("RGB", (20, 10), (255, 255, 255))
    turned.paste((0, 0, 0), (0, 0, 10, 10))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees: the left is the top
    found = read_picture(file_with(tmp_path, bytes_of(turned, exif=exif)), SQUARE, Limits())
    assert found[:7].max() < 60 and found[9:].min() > 195


def png(width: int, height: int) -> bytes:
    """A PNG file of a few bytes that claims any size."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(
        b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


GOOD = bytes_of(NOISE)
BAD = {"empty": b"", "text": b"not a picture", "truncated": GOOD[:len(GOOD) // 2], "huge": png(60_000, 60_000),
       "very narrow": png(1, 49_000_000),
       "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
       "script": b"<script>alert(1)</script>", "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n(%pipe%id) run\n",
       "tiff": bytes_of(NOISE, "TIFF"), "flipped": bytes(255 - byte for byte in GOOD), "jpeg cut": bytes_of(
           NOISE, "JPEG")[:40], "narrow": bytes_of(Image.new("1", (1, 65_000)))}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_picture_is_one_problem(name: str, tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        read_picture(file_with(tmp_path, BAD[name]), Size(1000, 1000, 1000), Limits())
    assert caught.value.code in (Code.DATA_FORMAT, Code.DATA_LIMIT) and "a.png" in caught.value.where
    assert caught.value.code == (Code.DATA_LIMIT if name in ("huge", "narrow", "very narrow") else Code.DATA_FORMAT)


def test_a_missing_picture_and_a_link_are_refused(tmp_path: Path) -> None:
    (tmp_path / "b.png").write_bytes(GOOD)
    (tmp_path / "link.png").symlink_to(tmp_path / "b.png")
    for name, code in (("gone.png", Code.DATA_MISSING), ("link.png", Code.FILE_KIND)):
        with pytest.raises(Problem) as caught:
            read_picture(File.at(tmp_path / name), SQUARE, Limits())
        assert caught.value.code == code


def test_a_thumbnail_is_a_small_png_without_metadata(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    data = base64.b64decode(thumbnail(file_with(tmp_path, bytes_of(NOISE.resize((500, 300)), "JPEG", exif=exif)),
                                      Limits()))
    assert data.startswith(b"\x89PNG") and b"taken at home" not in data
    assert max(Image.open(io.BytesIO(data)).size) == THUMBNAIL
