"""Writes the model that answers, with settings and tokenizer: the instruct model plus adapted minus base."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.instruct.chat_tokenizer import FIX, Rows, check_siblings, join, match_rows
from vernacular.instruct.checkpoint import Checkpoint, in_safetensors
from vernacular.instruct.task_arithmetic import Three, check_same_shape, tables_in, write_settings, write_sum
from vernacular.modeling.base_models import load_tokenizer


@dataclass(frozen=True)
class Siblings:
    """A base and the model that was instruction-tuned from it."""

    base: Path
    instruct: Path
    scratch: Path  # for copies in safetensors, if they are in another format
    where: str  # of the settings, for messages

    def write(self, adapted: Path, scale: float, out: Path) -> Rows:
        """Write the instruct model plus ``scale`` times (adapted minus base) into ``out``.

        Raises:
            Problem: the three do not belong together, or the instruct model has no chat template.
        """
        base, instruct, own = (load_tokenizer(path) for path in (self.base, self.instruct, adapted))
        check_siblings(base, instruct, self.where)
        vocabulary, joined = own.get_vocab(), join(own, instruct, self.where)
        config = _config(adapted)
        with ExitStack() as stack:
            network = stack.enter_context(Checkpoint(adapted))
            tables = tables_in(config) & network.shapes.keys()
            folders = [self._in_safetensors(path, {*network.shapes}) for path in (self.base, self.instruct)]
            theirs = _config(folders[1]).get_text_config().model_type
            if theirs != config.get_text_config().model_type:
                raise Problem(f"the instruct model is a {theirs}, the base a {config.get_text_config().model_type}",
                              where=self.where, fix=FIX, code=Code.MODEL_SIBLING)
            three = Three(network, *(stack.enter_context(Checkpoint(folder)) for folder in folders))
            check_same_shape(three, tables, self.where)
            rows = match_rows(joined, vocabulary, base.get_vocab(), instruct,
                              max(network.shapes[table][0] for table in tables))
            write_sum(three, tables, rows, scale, out)
        write_settings(folders[1], joined, rows, _moved(instruct, joined),
                       str(config.dtype or torch.float32).removeprefix("torch."), out)
        return rows

    def _in_safetensors(self, path: Path, names: set[str]) -> Path:
        called = "base" if path == self.base else "instruct"  # one copy where they are the same
        return in_safetensors(path, names, self.scratch / called)


def _config(folder: Path) -> Any:
    from transformers import AutoConfig
    return AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)


def _moved(instruct: Any, joined: Any) -> dict[int, int]:
    """Return the ids of the instruct model's tokens that have another id in the joined tokenizer."""
    known = joined.get_vocab()
    return {index: known[token] for token, index in instruct.get_vocab().items()
            if known.get(token, index) != index}
