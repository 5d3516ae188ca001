"""Rows by the package ``deepfocus``, in an environment that holds it: run by ``starts``, never imported.

``python -P peer_rows.py BASE EXTENDED TEXT TABLE SEED OUT``: folders of the two tokenizers, a text file, the base's
embeddings and where the table goes, both as ``embeddings`` in a safetensors file.
"""

from __future__ import annotations

import sys

import deepfocus  # which ``starts`` fetches
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer


def main() -> None:
    """Call FOCUS as its documentation does, in one process, so that fastText gives the same vectors each time."""
    base, extended, text, table, seed, out = sys.argv[1:]
    old = load_file(table)["embeddings"]
    rows = deepfocus.FOCUS(
        target_tokenizer=AutoTokenizer.from_pretrained(extended), source_tokenizer=AutoTokenizer.from_pretrained(base),
        source_embeddings=old, target_training_data_path=text, processes=1, seed=int(seed))
    if not torch.equal(rows[:len(old)], old):
        sys.exit("deepfocus changed rows of the base")
    save_file({"embeddings": rows.contiguous()}, out)


if __name__ == "__main__":
    main()
