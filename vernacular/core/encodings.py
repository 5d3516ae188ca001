"""Names of text encodings."""

from __future__ import annotations

import codecs


def codec_of(name: str) -> str:
    """Python's name of the text encoding ``name``.

    Raises:
        ValueError: there is none of that name, with the fix.
    """
    try:
        found = codecs.lookup(name).name
        "".encode(found)
    except (LookupError, ValueError):
        raise ValueError(f"there is no text encoding '{name}'; write a name as in Python's documentation of codecs, "
                         "such as windows-1252, iso8859-2 or gb18030") from None
    return found
