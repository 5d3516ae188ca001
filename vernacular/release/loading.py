"""The card's part on loading: the lines of Python that a stranger runs, and what they were found to give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vernacular.release.curve import fine_tuned
from vernacular.release.metadata import inside
from vernacular.release.summary import Results

_UNITS = {"token_classification": "a word is that of the word",
          "sequence_classification": "a text, without the special ones, is that of the text",
          "sentence_pairs": "both texts, without the special ones, is that of the pair"}


def how_to_load(results: Results) -> str:
    """Markdown with a block of Python for the model, and one for each task."""
    kind = "AutoModelForMaskedLM" if results["model"]["objective"] == "masked" else "AutoModelForCausalLM"
    parts = [_code([f"from transformers import {kind}, AutoTokenizer",
                    'tokenizer = AutoTokenizer.from_pretrained("model")', f'model = {kind}.from_pretrained("model")'])]
    whole = inside(results, "model", "lora", "method") == "full"
    for task, found in results["tasks"].items():
        if not fine_tuned(found):
            parts.append(f"Nothing was trained for `{task}` ({found['kind'].replace('_', ' ')}): the model itself is "
                         "asked, by the mean of a text's token states.")
        elif found["kind"] in _UNITS:
            parts += _labelling(task, found["kind"], whole)
        else:
            parts += _other(task, found["kind"], whole)
        parts[-1] += _reloaded(results, task)
    return "\n\n".join(parts)


def _labelling(task: str, kind: str, whole: bool) -> list[str]:
    """A task whose adapter fits transformers' token classifier."""
    if whole:
        head = f"The model that was trained for `{task}`:"
        lines = ["from transformers import AutoModelForTokenClassification",
                 f'model = AutoModelForTokenClassification.from_pretrained("adapters/{task}")']
    else:
        head = f"The LoRA adapter of `{task}`, onto the same model:"
        lines = ["from peft import PeftModel", "from transformers import AutoConfig, AutoModelForTokenClassification",
                 f'config = AutoConfig.from_pretrained("adapters/{task}")',
                 'model = AutoModelForTokenClassification.from_pretrained("model", config=config)',
                 f'model = PeftModel.from_pretrained(model, "adapters/{task}").eval()']
    second = ' "..."' if kind == "sentence_pairs" else ""
    return [head, _code(lines), f"It gives every token a score for each label; the mean over the tokens of "
            f"{_UNITS[kind]}. `use.py` does that, and needs transformers and peft alone: "
            f"`python use.py {task} \"...\"{second}`. The head, `classifier` or `score`, is given the mean of all "
            f"layers' states, each normalised: `.logits`, of the last layer, are not what was scored, `token_scores` "
            f"in `use.py` is."]


def _other(task: str, kind: str, whole: bool) -> list[str]:
    """A task whose answers are more than labels: what was trained goes onto the body of the model."""
    if whole:
        lines = ["from safetensors.torch import load_file",
                 f'model.base_model.load_state_dict(load_file("adapters/{task}/body.safetensors"))']
    else:
        lines = ["from peft import PeftModel", f'PeftModel.from_pretrained(model.base_model, "adapters/{task}").eval()']
    return [f"What was trained for `{task}` ({kind.replace('_', ' ')}), into the same model, in place:", _code(lines),
            f"`adapters/{task}/task.json` says how it is asked, `prompt`: the text up to the answer without a space at "
            "its end; an answer ends at a line break." if kind == "generation" else
            "`head.safetensors` beside it holds the linear layer over the states, where the task has one."]


def _code(lines: Sequence[str]) -> str:
    return "```python\n" + "\n".join(lines) + "\n```"


def _reloaded(results: Results, task: str) -> str:
    found: dict[str, Any] | None = inside(results, "reloaded", task)
    if not found:
        return ""
    said = f" Released is that of seed {found['seed']}, which scored {found['card']:.3f}." if (
        found["seed"] is not None) else ""
    return said + (f" Loaded so, it gave {found['same']:.1%} of the answers that were scored, on {found['items']} of "
                   f"these items: {found['score']:.3f} instead of {found['score_before']:.3f}.")
