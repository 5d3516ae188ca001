"""Pictures of artifacts where the UI's own server answers with them, so that the UI shows them without a click.

Markdown of a thousand characters or more is hidden behind a link, which a picture inside of it always has. But the
server hands out the files of the logs of runs, and the short address of such a file is shown in place. There it is
small, since the UI cuts what is wider than its column; behind the link it has its full width.
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
SMALL = 340  # pixels: fits the column of values on the page of an asset, in a window of 1280


def publish_picture(instance: DagsterInstance, artifact: Artifact, file: str) -> Address | None:
    """Put the PNG ``file`` of an artifact beside the logs; returns its addresses, None where these are on no disk."""
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
    """A PNG inside of an SVG that is ``shown`` pixels wide."""
    width, height = struct.unpack(">II", png[16:24])  # of the header, which is always first
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{shown}" height="{shown * height / width:.0f}" '
            f'viewBox="0 0 {width} {height}"><image width="{width}" height="{height}" '
            f'href="data:image/png;base64,{base64.b64encode(png).decode()}"/></svg>')


def remove_pictures(instance: DagsterInstance, code: str) -> None:
    """Delete the copies of all pictures of the language ``code``; the next run copies those that there are then."""
    manager = instance.compute_log_manager
    if isinstance(manager, LocalComputeLogManager):
        folder = Path(manager.get_captured_local_path([FOLDER, code, "x"], "svg")).parent
        shutil.rmtree(folder, ignore_errors=True)
