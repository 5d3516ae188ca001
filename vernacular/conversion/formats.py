"""Formats that a release is exported to, and the packages that each needs. Loads nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from vernacular.core.codes import Code
from vernacular.core.errors import Problem


class Format(StrEnum):
    """What ``--to`` may name."""

    ONNX = "onnx"
    CTRANSLATE2 = "ctranslate2"
    GGUF = "gguf"


class Precision(StrEnum):
    """The numbers of the weights."""

    INT8 = "int8"
    FP32 = "fp32"


@dataclass(frozen=True)
class Wish:
    """What to export to."""

    to: Format
    precision: Precision
    out: Path  # folder of all exports
    threads: int  # that are measured


_PACKAGES = {Format.ONNX: ("onnx", "onnx_ir", "onnxruntime"), Format.CTRANSLATE2: ("ctranslate2",)}


def check_format(to: Format, precision: Precision, objective: str, folder: str) -> None:
    """Check that this installation can convert a model with this objective.

    ``folder``: of the release, for the message.

    Raises:
        Problem: it cannot.
    """
    if to is Format.GGUF:
        raise Problem("no maintained package converts a model to GGUF", where="--to gguf", fix=(
            f"Run llama.cpp's own script: `python convert_hf_to_gguf.py {folder} --outtype q8_0`, and compare its "
            "answers yourself"), code=Code.EXPORT_KIND)
    if objective == "causal" and to is Format.ONNX:
        raise Problem("ONNX is for encoders; this model is a decoder", where="--to onnx",
                      fix="Use --to ctranslate2", code=Code.EXPORT_KIND)
    if objective == "masked" and to is Format.CTRANSLATE2:
        raise Problem("CTranslate2 is for models that write text; this one is an encoder", where="--to ctranslate2",
                      fix="Use --to onnx", code=Code.EXPORT_KIND)
    missing = [name for name in _PACKAGES[to] if find_spec(name) is None]
    if missing:
        raise Problem(f"the package {missing[0]} is not installed", where=f"--to {to}",
                      fix="Run `pip install 'vernacular[export]'`", code=Code.INSTALLATION)
