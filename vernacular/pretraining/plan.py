"""What a pretraining will cost before anything is spent: tokens, steps, memory, disk, minutes."""

from __future__ import annotations

from typing import Any

from vernacular.artifacts import Store
from vernacular.config.schema import Language, Model
from vernacular.models import fingerprint, load_base
from vernacular.pretraining.budget import known_speed, speed_key, steps_within

BYTES_PER_PARAMETER = 16  # float32 weight, gradient and two moments of AdamW
PROCESS_GIB = 0.8  # Python, torch and the packed text


def estimate(language: Language, store: Store, name: str, model: Model) -> dict[str, Any]:
    """The cost of pretraining both arms of a model.

    Returns:
        ``parameters``, ``tokens_in_text`` (None before corpus and tokenizer are there), ``steps`` and ``tokens`` per
        arm (None where they depend on a speed not yet measured here), ``minutes`` for both arms, ``memory_gib``,
        ``disk_gib``.
    """
    network, _ = load_base(model.base, model.objective, language)
    parameters = sum(parameter.numel() for parameter in network.parameters()) \
        + model.vocabulary.new_pieces * network.config.hidden_size
    settings = model.pretraining
    size = settings.batch_size * settings.sequence_length
    corpus, tokenizer = store.current(language.code, "corpus/splits"), store.current(language.code, f"tokenizer/{name}")
    text = None
    if corpus and tokenizer:
        words = corpus.manifest.report.counts["words_train"].value
        text = int(words * tokenizer.manifest.report.counts["fertility_extended"].value)
    speed = known_speed(store.root / ".machine", speed_key(model, fingerprint(model.base, language)))
    blocks = max(1, (text or 10**9) // settings.sequence_length)
    steps = steps_within(settings, speed or 0.0, blocks) if speed or settings.steps else None
    minutes = 2 * settings.minutes if settings.minutes else 2 * steps * size / speed / 60 if steps and speed else None
    activations = 40 * size * network.config.hidden_size * network.config.num_hidden_layers * 2
    return {"model": name, "parameters": parameters, "tokens_in_text": text, "steps": steps,
            "tokens": steps * size if steps else None, "minutes": minutes,
            "memory_gib": PROCESS_GIB + (parameters * BYTES_PER_PARAMETER + activations) / 2**30,
            "disk_gib": 3 * parameters * 4 / 2**30 + parameters * 12 / 2**30}
