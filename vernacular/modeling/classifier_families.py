"""Which families of models have the classifiers that labeled tasks need, without loading one.

A task without its classifier would be refused when it is fine-tuned, hours later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from vernacular.config.tasks import Task
from vernacular.core.codes import Code
from vernacular.core.errors import Problem

Unit = Literal["word", "text"]
# Kind of task -> what its classifier labels. Other kinds have heads of their own.
UNITS: dict[str, Unit] = {"token_classification": "word", "sequence_classification": "text", "sentence_pairs": "text"}

# Families of docs/reference/models.md with both classifiers in transformers, and what others lack.
_WITH_BOTH = frozenset(("bert", "roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "electra", "albert", "mpnet",
                        "distilbert", "deberta-v2", "modernbert", "eurobert", "nomic_bert", "megatron-bert", "roformer",
                        "rembert", "convbert", "llama", "mistral", "mixtral", "qwen2", "qwen3", "smollm3", "phi",
                        "phi3", "gemma", "gemma2", "gpt2", "gpt_neox", "gpt_oss", "falcon", "stablelm", "bloom",
                        "starcoder2", "exaone4", "ernie", "data2vec-text", "gte", "jina_embeddings_v3",
                        "roberta-prelayernorm", "big_bird", "nystromformer", "qwen3_next", "gpt_neo", "gpt_bigcode",
                        "biogpt", "mpt", "arcee", "helium", "seed_oss", "nemotron", "glm", "glm4", "ministral",
                        "ministral3", "qwen2_moe", "qwen3_moe", "deepseek_v3"))
# Their classifiers are of an encoder with a decoder: they read no text without ``</s>``, which decoders do not have.
_NEEDS_END = frozenset(("bart", "bigbird_pegasus", "mbart", "mvp", "plbart"))
_WORD: frozenset[Unit] = frozenset(("word",))
_TEXT: frozenset[Unit] = frozenset(("text",))
LACKING: dict[str, frozenset[Unit]] = {
    **dict.fromkeys(("olmo2", "olmo3", "gemma3_text", "gptj", "opt", "modernbert-decoder", "qwen3_5_text", "jamba",
                     "olmo", "hunyuan_v1_dense", "phimoe", "deepseek_v2", "minicpm3"), _WORD),
    **dict.fromkeys(("gemma4_text", "granite", "cohere", "cohere2", "xglm", "ernie4_5", "lfm2", "mamba", "mamba2",
                     "codegen", "olmoe", "internlm3", "granitemoe", "llama4_text", "glm4_moe_lite", "gemma3n_text",
                     "recurrent_gemma", "bamba", "granitemoehybrid", "falcon_h1", "nemotron_h", "falcon_mamba", "rwkv"),
                    _WORD | _TEXT),
    "apertus": _TEXT}


def lacks_classifier(family: str, unit: Unit) -> bool:
    """Whether the installed transformers has no classifier of a ``unit`` for ``family``.

    Families with both are known; for others transformers is imported, which takes seconds. A family
    that it does not know is left to the loading of the model.
    """
    if family in _WITH_BOTH:
        return False
    from transformers.models.auto import configuration_auto, modeling_auto
    if family in _NEEDS_END and unit == "text":
        return True
    known: Any = vars(configuration_auto)["CONFIG_MAPPING_NAMES"]
    names: Any = (modeling_auto.MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES if unit == "word" else
                  modeling_auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES)
    return family in known and family not in names


def missing_classifiers(family: str, tasks: Mapping[str, Task], where: str) -> Iterator[Problem]:
    """Yield a problem for each kind of classifier that ``tasks`` of a model need and its ``family`` lacks."""
    by_unit: dict[Unit, list[str]] = {}
    for name, task in tasks.items():
        if task.kind in UNITS:
            by_unit.setdefault(UNITS[task.kind], []).append(name)
    for unit, names in by_unit.items():
        if lacks_classifier(family, unit):
            yield Problem(f"transformers has no classifier of a {unit} for {family} models, which the tasks "
                          f"{', '.join(names)} need", where=where, code=Code.MODEL_KIND, fix=(
                              "Use a base of another family (docs/reference/models.md), or leave these tasks out of "
                              "the model's `tasks:`"))
