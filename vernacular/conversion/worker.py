"""Runs a model on texts, measured: ``worker.py REQUEST ANSWERS``. Imports nothing of Vernacular.

A process of its own, so that memory is that of this model alone. ``runtime`` of the request is ``exported`` (the
``model.py`` of a folder) or ``torch`` (transformers).
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

WARM = 5  # texts before the clock starts


def exported(request: dict[str, Any]) -> Callable[[dict[str, Any]], Any]:
    """The model of an exported folder."""
    folder = Path(request["folder"])
    spec = importlib.util.spec_from_file_location("model", folder / "model.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model = module.Model(folder, request["threads"])
    call = getattr(model, request["call"])
    return lambda item: call(**item)


def in_torch(request: dict[str, Any]) -> Callable[[dict[str, Any]], Any]:
    """The model of the release in torch: tokens, logits, and what they give, without a pipeline around."""
    import torch
    import transformers
    from tokenizers import Tokenizer
    transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.set_num_threads(request["threads"])
    model = getattr(transformers, request["auto"]).from_pretrained(request["folder"], local_files_only=True).eval()
    tokenizer = Tokenizer.from_file(str(Path(request["folder"]) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(request["longest"])

    def answer(item: dict[str, Any]) -> Any:
        encoded = tokenizer.encode(request["prefix"] + item["text"], *([item["second"]] if item.get("second") else []))
        given = {"input_ids": encoded.ids, "attention_mask": encoded.attention_mask, "token_type_ids": encoded.type_ids}
        with torch.inference_mode():
            output = model(**{name: torch.tensor([given[name]]) for name in request["inputs"]})
        found = output.logits if hasattr(output, "logits") else output.last_hidden_state.mean(1)
        return found[0, :-1].argmax(-1).tolist() if request["call"] == "likeliest" else found[0].tolist()

    return answer


def main(request_file: str, answers_file: str) -> None:
    """Answer the items of a request: answers, seconds of each item, seconds to load, peak memory in kB."""
    request = json.loads(Path(request_file).read_text(encoding="utf-8"))
    begun = time.perf_counter()
    ask = (exported if request["runtime"] == "exported" else in_torch)(request)
    loaded = time.perf_counter() - begun
    for item in request["items"][:WARM]:
        ask(item)
    answers, seconds = [], []
    for item in request["items"]:
        begun = time.perf_counter()
        answers.append(ask(item))
        seconds.append(time.perf_counter() - begun)
    peak = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    Path(answers_file).write_text(json.dumps({"answers": answers, "seconds": seconds, "loaded": loaded,
                                              "peak_kb": int(peak[1]) if peak else None}), encoding="utf-8")


if __name__ == "__main__":
    sys.modules["vernacular"] = None  # type: ignore[assignment]  # it may be installed, and an import of it must fail
    main(*sys.argv[1:])
