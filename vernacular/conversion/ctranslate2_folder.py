"""A decoder in CTranslate2's format, by its own converter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vernacular.conversion.formats import Precision
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, is_disk_full, is_system_error
from vernacular.core.store import write_atomically
from vernacular.modeling.base_models import quiet

_TOKENS = ("bos_token", "eos_token", "unk_token")
_NAMES = {Precision.INT8: "int8", Precision.FP32: "float32"}


def write_ctranslate2(model: Path, precision: Precision, folder: Path) -> str:
    """Convert the transformers model in ``model`` into ``folder``, which exists; return its name of the precision.

    Raises:
        Problem: the converter does not know this family.
    """
    from ctranslate2.converters import TransformersConverter
    quiet()
    try:
        converter: Any = TransformersConverter(str(model), low_cpu_mem_usage=True)
        converter.convert(str(folder), quantization=_NAMES[precision], force=True)
    except Exception as error:  # a family that it does not know can raise any exception
        if is_disk_full(error) or is_system_error(error):
            raise
        raise Problem(f"CTranslate2 cannot convert this model ({type(error).__name__}: {error})",
                      where=f"{model} --to ctranslate2", fix="Use a decoder of another family, such as Llama or Qwen 2",
                      code=Code.EXPORT_KIND) from error
    path = folder / "config.json"  # its reader needs a text for each token; one that the model lacks is never written
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings |= {name: settings.get("eos_token") or "" for name in _TOKENS if settings.get(name, "") is None}
    write_atomically(path, json.dumps(settings, ensure_ascii=False, indent=1) + "\n")
    return _NAMES[precision]
