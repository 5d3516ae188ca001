"""Serve pictures of artifacts from the UI's server, so that the UI shows them inline.

Markdown of a thousand characters or more, such as an embedded picture, is hidden behind a link. But
the server also serves the log files of runs, and a short URL of such a file is shown inline: small
there, since the UI crops wide pictures, and in full width behind the link.
"""

from __future__ import annotations

import base64
import shutil
import struct
from pathlib import Path
from urllib.parse import quote

from dagster import DagsterInstance

from assets.dagster_internals import LocalComputeLogManager
from assets.metadata import Address, picture_file
from vernacular.core.store import Artifact, write_atomically

FOLDER = "pictures"  # below the folder of the logs
SMALL = 340  # pixels: fits the value column of an asset page in a window of 1280


def publish_picture(instance: DagsterInstance, artifact: Artifact, file: str) -> Address | None:
    """Copy the PNG ``file`` of an artifact to the log folder; return its URLs, None without a log folder on disk."""
    manager, path = instance.compute_log_manager, picture_file(artifact, file)
    if not isinstance(manager, LocalComputeLogManager) or path is None:
        return None
    manifest = artifact.manifest
    name = [FOLDER, manifest.language, *manifest.stage.split("/"), manifest.key, path.stem]
    small, full = (Path(manager.get_captured_local_path(name, ending)) for ending in ("svg", "png"))
    if not small.is_file():
        small.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, full)
        write_atomically(small, _as_svg(path.read_bytes(), SMALL))
    address = "/".join(["/logs", *map(quote, name)])
    return Address(f"{address}/svg", f"{address}/png")


def _as_svg(png: bytes, shown: int) -> str:
    """Wrap a PNG in an SVG that is ``shown`` pixels wide."""
    width, height = struct.unpack(">II", png[16:24])  # from the header, which is always first
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{shown}" height="{shown * height / width:.0f}" '
            f'viewBox="0 0 {width} {height}"><image width="{width}" height="{height}" '
            f'href="data:image/png;base64,{base64.b64encode(png).decode()}"/></svg>')


def remove_pictures(instance: DagsterInstance, code: str) -> None:
    """Delete the copied pictures of the language ``code``; the next run copies the current ones."""
    manager = instance.compute_log_manager
    if isinstance(manager, LocalComputeLogManager):
        folder = Path(manager.get_captured_local_path([FOLDER, code, "x"], "svg")).parent
        shutil.rmtree(folder, ignore_errors=True)
