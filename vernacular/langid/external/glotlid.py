"""GlotLID with fastText (Kargaran et al. 2023): about 2,000 languages; optional packages, a model of 1.7 GB."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from vernacular.core.codes import Code
from vernacular.core.errors import Problem, is_disk_full
from vernacular.langid.external import LEAST_WORDS, alpha3
from vernacular.text.words import words

REPOSITORY, FILE = "cis-lmu/glotlid", "model_v3.bin"
_LABELS = 5  # likeliest labels per line
_PREFIX = "__label__"


def fetched() -> Path:
    """Return the model's file, fetching it into the Hugging Face cache if needed.

    Raises:
        Problem: it cannot be fetched.
    """
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(REPOSITORY, FILE))
    except Exception as error:  # the hub's client raises many kinds of errors; all mean that the model is unavailable
        if is_disk_full(error):
            raise
        raise Problem(f"the model of GlotLID is unavailable: {str(error).splitlines()[0]}",
                      where="identification.rejecters",
                      fix=f"Run `hf download {REPOSITORY} {FILE}` once with a network connection, or remove "
                          "glotlid from the list"
                      , code=Code.SOURCE_MISSING) from None


def load_model(file: Path) -> Any:
    """Load a fastText classifier; its inner object, since the outer one fails with NumPy 2.

    Raises:
        Problem: fastText is not installed, or the file is not a fastText model.
    """
    try:
        fasttext: Any = import_module("fasttext")
    except ImportError:
        raise Problem("GlotLID needs fasttext, which is not installed", where="identification",
                      fix="Run `pip install fasttext`, or remove glotlid from the list",
                      code=Code.INSTALLATION) from None
    try:
        return fasttext.load_model(str(file)).f
    except ValueError as error:
        raise Problem(f"not a fastText model: {error}", where=file.name, fix="Fetch the file again",
                      code=Code.DATA_FORMAT) from None


def label_of(label: str) -> str:
    """Return the ISO 639-3 code in a label."""
    return label.removeprefix(_PREFIX).split("_")[0]


class GlotLid:
    """Drops lines that are more probably in a language to reject.

    Args:
        model: file of a fastText classifier with labels ``__label__<ISO 639-3>_<ISO 15924>``.
        code: of the language; never rejected.
        neighbours: codes of similar languages; never rejected.
        reject: codes of languages to drop.
        distance: least lead of a language to reject over the language and its neighbors, 0 to 1.

    Raises:
        Problem: fastText is not installed, or the file is not a fastText model.
    """

    name = "glotlid"

    def __init__(self, model: Path, code: str, neighbours: Sequence[str], reject: Sequence[str],
                 distance: float) -> None:
        self._model = load_model(model)
        self._kept = {alpha3(own) for own in (code, *neighbours)}
        labels = {label_of(label) for label in self._model.getLabels("strict")[0]}
        self.rejected = {three: name for name in reject if (three := alpha3(name)) in labels
                         and three not in self._kept}
        self._distance, self._file = distance, model

    @property
    def version(self) -> str:
        """The name and size of the model's file."""
        return f"{self._file.name} ({self._file.stat().st_size} bytes)"

    @property
    def skipped(self) -> str | None:
        """Why it cannot judge lines, or None."""
        return None if self.rejected else "GlotLID knows none of the languages to reject"

    def load(self) -> None:
        """Do nothing: the model is loaded already."""

    def judge(self, lines: Sequence[str]) -> list[str | None]:
        """Return for each line the reason to drop it, or None. Lines below four words are kept."""
        return [self._judge(line) for line in lines]

    def _judge(self, line: str) -> str | None:
        if self.skipped or len(words(line)) < LEAST_WORDS:
            return None
        found = [(label_of(label), share)
                 for share, label in self._model.predict(line.replace("\n", " ") + "\n", _LABELS, 0.0, "strict")]
        if not found or found[0][0] not in self.rejected:
            return None
        own = max((share for language, share in found if language in self._kept), default=0.0)
        return f"identified as {self.rejected[found[0][0]]}" if found[0][1] - own >= self._distance else None
