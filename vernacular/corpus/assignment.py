"""The part of each document. It depends only on the document's identity, so new data never moves an old document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vernacular.config.schema import Splits
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.provenance.document import short_digest

PARTS = ("train", "dev", "test")
TRAIN, DEV, TEST = range(3)


def position(row: Mapping[str, Any]) -> float:
    """Return the position of a document between 0 and 1: a digest of its source and its path, or of its text as read.

    The path counts where a file is one document (so that a corrected chapter stays in its part), the text where a file
    holds several.
    """
    return int(short_digest(row["source"], row["path"] if row["whole"] else row["raw_digest"]), 16) / 16**16


def assign(positions: NDArray[np.float64], held_out: NDArray[np.bool_], settings: Splits) -> NDArray[np.int8]:
    """The number of the part of each document.

    Documents that are ``held_out`` go to test, those at position 1 to train. A part that would be empty gets the
    document with the smallest position of those that may be moved.

    Args:
        positions: of the documents.
        held_out: which documents are of a source that is held out.
        settings: shares of the parts.

    Raises:
        Problem: fewer documents than parts, or nothing is left to train on.
    """
    wanted = [part for part, share in ((TEST, settings.test), (DEV, settings.dev)) if share > 0]
    if len(positions) < len(wanted) + 1:
        raise Problem(f"too little text: {len(positions)} documents cannot be parted into train, "
                      f"{' and '.join(PARTS[part] for part in wanted)}",
                      where="corpus/splits", fix="Add text; blank lines part a file into documents",
                      code=Code.DATA_SPLIT)
    if settings.test + settings.dev >= 1:
        raise Problem(f"dev {settings.dev} and test {settings.test} leave nothing to train on", where="corpus/splits",
                      fix="Lower the shares under `splits:`", code=Code.CONFIG_RULE)
    parts = np.full(len(positions), TRAIN, dtype=np.int8)
    parts[positions < settings.test + settings.dev] = DEV
    parts[held_out | (positions < settings.test)] = TEST
    for part in [*wanted, TRAIN]:
        if not (parts == part).any():
            order = np.argsort(positions, kind="stable")
            order = order[~held_out[order] & (positions[order] < 1)]
            spare = [number for number in order.tolist() if (parts == parts[number]).sum() > 1]
            if not spare:
                raise Problem(f"too little text outside {', '.join(settings.held_out)}: nothing is left for "
                              f"{PARTS[part]}", where="corpus/splits", fix="Add text, or hold out fewer sources",
                              code=Code.DATA_SPLIT)
            spare.sort(key=lambda number: parts[number] != TRAIN)
            parts[spare[-1] if part == TRAIN else spare[0]] = part
    return parts
