"""Answers the calls of a request with transformers and Sentence Transformers alone: ``ecosystem.py REQUEST ANSWERS``.

``load_check`` runs this file in a separate process, to get the answers that people without Vernacular get from a
release. It must not import Vernacular.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

EXACT = "float32"  # weights saved in two bytes would be computed with in two bytes, and answers differ by machine


def fill_mask(call: dict[str, Any]) -> list[Any]:
    """The likeliest pieces for the mask of each text, with their probabilities."""
    from transformers import pipeline
    ask = pipeline("fill-mask", call["folder"], dtype=EXACT)
    return [[[row["token"], row["score"]] for row in ask(text, top_k=call["most"])] for text in call["inputs"]]


def text_generation(call: dict[str, Any]) -> list[Any]:
    """The likeliest continuation of each text, token by token."""
    from transformers import pipeline
    ask = pipeline("text-generation", call["folder"], dtype=EXACT)
    return [ask(text, max_new_tokens=call["most"], do_sample=False, return_full_text=False)[0]["generated_text"]
            for text in call["inputs"]]


def chat(call: dict[str, Any]) -> list[Any]:
    """The likeliest answer to each request, token by token, cut after some tokens."""
    from transformers import pipeline
    ask = pipeline("text-generation", call["folder"])
    return [ask([{"role": "user", "content": text}], max_new_tokens=call["most"], do_sample=False, temperature=None,
                top_p=None, top_k=None, repetition_penalty=1.0)[0]["generated_text"][-1]["content"]
            for text in call["inputs"]]


def text_classification(call: dict[str, Any]) -> list[Any]:
    """Every label of each text, or of two texts, with its probability."""
    from transformers import pipeline
    ask = pipeline("text-classification", call["folder"], truncation=True, dtype=EXACT)
    return [[[row["label"], row["score"]] for row in ask(text, top_k=None)] for text in call["inputs"]]


def token_classification(call: dict[str, Any]) -> list[Any]:
    """The groups of words of each text: start, end, label."""
    from transformers import pipeline
    ask = pipeline("token-classification", call["folder"], aggregation_strategy=call["strategy"],
                   dtype=EXACT)
    return [[[row["start"], row["end"], row["entity_group"]] for row in ask(text)] for text in call["inputs"]]


def sentence_embeddings(call: dict[str, Any]) -> list[Any]:
    """The embedding of each text."""
    from sentence_transformers import SentenceTransformer
    encoder = SentenceTransformer(call["folder"], device="cpu", model_kwargs={"dtype": EXACT})
    found = encoder.encode(call["inputs"], show_progress_bar=False)
    return [[float(value) for value in row] for row in found]


def speech_recognition(call: dict[str, Any]) -> list[Any]:
    """The text of each sound, a file of numpy; a release of Vernacular may carry the code of its own network."""
    import numpy as np
    from transformers import pipeline
    ask: Any = pipeline("automatic-speech-recognition", call["folder"], trust_remote_code=call["own_code"], dtype=EXACT)
    return [ask(np.load(path, allow_pickle=False))["text"] for path in call["inputs"]]


CALLS: dict[str, Callable[[dict[str, Any]], list[Any]]] = {
    "fill-mask": fill_mask, "text-generation": text_generation, "chat": chat,
    "text-classification": text_classification,
    "token-classification": token_classification, "sentence-embeddings": sentence_embeddings,
    "automatic-speech-recognition": speech_recognition}


def main(request: str, answers: str) -> None:
    """Answer every call of the file ``request``, a JSON list, into the file ``answers``."""
    from transformers.utils import logging
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    calls = json.loads(Path(request).read_text(encoding="utf-8"))
    found = [CALLS[call["call"]](call) for call in calls]
    Path(answers).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    sys.modules["vernacular"] = None  # type: ignore[assignment]  # it may be installed, and an import of it must fail
    main(*sys.argv[1:])
