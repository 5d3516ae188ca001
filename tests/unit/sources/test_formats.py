"""A disk that fails is not a damaged file: what the system says is handed on as it is."""

from __future__ import annotations

import errno
import io
from typing import Any

import pytest
from pyarrow import parquet

from tests.unit.sources.failing_disk import FAILS
from vernacular.config.limits import Limits
from vernacular.sandbox.frames import OpenFile
from vernacular.sandbox.limits import for_file
from vernacular.sandbox.reader import read_bounded
from vernacular.sources import formats
from vernacular.sources.formats import Options
from vernacular.sources.formats.columns import read_parquet


@pytest.mark.skipif(not FAILS.exists(), reason="no file here that fails when it is read")
@pytest.mark.parametrize("suffix", [".docx", ".pdf", ".txt", ".html", ".po"])
def test_a_read_that_fails_is_the_systems_error(suffix: str) -> None:
    with FAILS.open("rb") as stream, pytest.raises(OSError) as raised:
        list(read_bounded(f"{formats.__name__}:texts_of", [OpenFile(f"a{suffix}", stream, 0)],
                          [suffix, "a", "text", None], "a", for_file(Limits(), 0)))
    assert raised.value.errno == errno.EIO


def test_so_it_is_in_the_midst_of_parquet(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(parquet, "ParquetFile", fails)
    with pytest.raises(OSError, match="Input/output") as raised:
        list(read_parquet(OpenFile("a.parquet", io.BytesIO(b"PAR1"), 4), "a", Options()))
    assert raised.value.errno == errno.EIO
