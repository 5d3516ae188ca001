"""License names: an SPDX id, or ``unverified``. Misspelled names are rejected."""

from __future__ import annotations

import difflib
from typing import Annotated

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from pydantic import AfterValidator

UNVERIFIED = "unverified"
_USUAL = ("CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0", "CC-BY-NC-ND-4.0",
          "CC-BY-3.0", "CC-BY-SA-3.0", "ODC-By-1.0", "ODbL-1.0", "MIT", "Apache-2.0", "BSD-3-Clause",
          "GPL-3.0-or-later", UNVERIFIED)


def _known(name: str) -> str:
    """Return ``name`` unchanged if SPDX knows it in any case."""
    if name == UNVERIFIED:
        return name
    try:
        canonicalize_license_expression(name)
    except InvalidLicenseExpression:
        by_letters = {usual.casefold(): usual for usual in _USUAL}
        close = difflib.get_close_matches("-".join(name.split()).casefold(), by_letters, n=1)
        hint = f", did you mean {by_letters[close[0]]}?" if close else " such as CC-BY-4.0."
        raise ValueError(f"'{name}' is not an SPDX id{hint} Write LicenseRef-NAME for terms without one, or "
                         f"{UNVERIFIED} until somebody has checked") from None
    return name


Licence = Annotated[str, AfterValidator(_known)]
