"""Names of text encodings."""

from __future__ import annotations

import codecs


def codec_of(name: str) -> str:
    """Return Python's name of the text encoding ``name``.

    Raises:
        ValueError: the encoding is unknown; the message states the fix.
    """
    try:
        codec = codecs.lookup(name).name
        "".encode(codec)
    except (LookupError, ValueError):
        raise ValueError(f"unknown text encoding '{name}'; use a name that Python's codecs documentation lists, "
                         "such as windows-1252, iso8859-2 or gb18030") from None
    return codec
