"""The card's part on use: three lines of Python for the model and for each task, and their measured answers."""

from __future__ import annotations

from collections.abc import Sequence

from vernacular.config.tasks import OF_PICTURES
from vernacular.release.result_models import ReleasedTask, ReleaseResults
from vernacular.release.searching import can_search, describe_search
from vernacular.release.trust import describe_accuracy


def how_to_use(results: ReleaseResults) -> list[str]:
    """Markdown with a block of Python for the model, and one for each task."""
    model = "." if results.model.objective == "masked" else None
    parts = ["These lines need `transformers`, `sentence-transformers` and `peft`, and run in this folder. For a "
             'release on the hub, get the folder with `huggingface_hub.snapshot_download("OWNER/NAME")`.']
    if can_search(results):
        parts += [f"**{describe_search(results)}**", _encoder("."),
                  "`vernacular search` searches the training corpus this way, and shows the source of each passage."]
    if model:
        parts.append(_code(["from transformers import pipeline", 'fill = pipeline("fill-mask", ".")',
                            'print(fill(f"... {fill.tokenizer.mask_token} ..."))']))
    else:
        parts.append(_code(["from transformers import pipeline", 'write = pipeline("text-generation", ".")',
                            'print(write("..."))']))
    for place in (place for place, chat in results.chats.items() if chat.kept):
        parts += [f"The model that answers in chats, `{place}`:", _code([
            "from transformers import pipeline", f'chat = pipeline("text-generation", "{place}")',
            'messages = [{"role": "user", "content": "..."}]',
            'print(chat(messages, max_new_tokens=200)[0]["generated_text"][-1]["content"])'])]
    for task, found in results.tasks.items():
        if found.kind == "chat":
            continue  # above, if it is released
        parts += [f"`{task}`:", _block(results, task, found)]
        parts[-1] += _compared(results, task)
    return parts


def _block(results: ReleaseResults, task: str, found: ReleasedTask) -> str:
    """The lines for one task."""
    kind, place = found.kind, f"tasks/{task}"
    if kind == "token_classification":
        strategy = (checked.strategy if (checked := (results.reloaded or {}).get(task)) else "") or "first"
        text = '"..."' if found.labelled else '"...".lower()'  # derived names are learned from text without capitals
        return _code(["from transformers import pipeline",
                      f'label = pipeline("token-classification", "{place}", aggregation_strategy="{strategy}")',
                      f"print(label({text}))"])
    if kind in ("sequence_classification", "sentence_pairs"):
        pair = results.model.objective == "masked"
        text = '"..."' if kind == "sequence_classification" else (
            '{"text": "...", "text_pair": "..."}' if pair else r'"...\n..."')
        return _code(["from transformers import pipeline",
                      f'label = pipeline("text-classification", "{place}", truncation=True)', f"print(label({text}))"])
    if kind == "sentence_retrieval":
        return _encoder(place if found.fine_tuned else ".")
    if kind in OF_PICTURES:
        return _of_pictures(place)
    return _adapter(task, kind, results.model.lora.method == "full", results.model.objective)


def _encoder(place: str) -> str:
    return _code(["from sentence_transformers import SentenceTransformer", f'encoder = SentenceTransformer("{place}")',
                  'print(encoder.similarity(encoder.encode(["..."]), encoder.encode(["...", "..."])))'])


def _of_pictures(place: str) -> str:
    """The lines that find the picture of a text; they need pillow and, for some processors, torchvision."""
    return _code(["from PIL import Image", "from sentence_transformers import SentenceTransformer, util",
                  "from transformers import AutoImageProcessor, AutoModel",
                  f'texts, tower = SentenceTransformer("{place}"), AutoModel.from_pretrained("{place}/tower")',
                  f'prepare = AutoImageProcessor.from_pretrained("{place}/tower")',
                  'pixels = prepare([Image.open("...").convert("RGB")], return_tensors="pt")',
                  'seen = getattr(tower, "get_image_features", tower)(**pixels)',
                  'print(util.cos_sim(texts.encode(["..."]), getattr(seen, "pooler_output", seen).flatten(1)))'])


def _adapter(task: str, kind: str, whole: bool, objective: str) -> str:
    """The lines for a task that no pipeline covers: they load its adapter onto the model."""
    auto = "AutoModelForMaskedLM" if objective == "masked" else "AutoModelForCausalLM"
    lines = [f"from transformers import {auto}", f'model = {auto}.from_pretrained(".")']
    if whole:
        lines += ["from safetensors.torch import load_file",
                  f'model.base_model.load_state_dict(load_file("adapters/{task}/body.safetensors"))']
    else:
        lines += ["from peft import PeftModel",
                  f'PeftModel.from_pretrained(model.base_model, "adapters/{task}").eval()']
    about = ("The prompt is `prompt` in `task.json` beside it: the text up to the answer, without a space at its end; "
             "an answer ends at a line break." if kind == "generation" else
             "`head.safetensors` beside it holds the linear layer over the states.")
    return f"{_code(lines)}\n\n{about}"


def _code(lines: Sequence[str]) -> str:
    return "```python\n" + "\n".join(lines) + "\n```"


def _compared(results: ReleaseResults, task: str) -> str:
    found = (results.reloaded or {}).get(task)
    if not found:
        return ""
    released = f"The released model is the training with seed {found.seed}, which scored {found.card:.3f}. " if (
        found.seed is not None) else ""
    released += f"{right} " if (right := describe_accuracy(results.tasks[task], results.released.arm)) else ""
    how = "These lines" if found.alone else "Loaded this way, it"
    return (f"\n\n{released}{how} gave {found.same:.1%} of the scored answers on {found.items} of the scored items; "
            f"their score is {found.score:.3f}, before the export {found.score_before:.3f}.")
