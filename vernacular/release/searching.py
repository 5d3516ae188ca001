"""What search by meaning with a release reaches, in a sentence: the use that needs no labels. Computes no score."""

from __future__ import annotations

from vernacular.release.markdown import number
from vernacular.release.result_models import ReleaseResults

EMBED = "sentence-embeddings"  # the call of ``model_check`` that such a release answers


def can_search(results: ReleaseResults) -> bool:
    """Whether there is a release that gives embeddings of sentences."""
    return EMBED in results.loads


def describe_search(results: ReleaseResults) -> str:
    """What it can be used for, and how often it finds a held-out translation; empty where no release can search."""
    if not can_search(results):
        return ""
    found = found_translations(results)
    if found is None:
        return ("It gives sentence embeddings, but learned from no translations: search with it finds sentences with "
                "similar words rather than with the same meaning. How well was not measured.")
    first = ("It can be used at once, without labels, for search by meaning: it finds sentences with the meaning of "
             "a query, even if their words differ")
    share, before, items = found
    return (f"{first}. Among {number(items, 0)} held-out sentences it finds the translation of {share:.0%}"
            f" (the base: {before:.0%}).")


def found_translations(results: ReleaseResults) -> tuple[float, float, int] | None:
    """The share of held-out sentences whose translation is found, by the released model and the base; how many."""
    arm = results.released.arm
    for found in results.tasks.values():
        if found.kind == "sentence_retrieval" and not found.language and not found.fine_tuned:
            return found.means[arm], found.means["base"], found.test_items
    training, aligned = results.pretraining.of(arm), results.alignment
    if training is None or aligned is None:
        return None
    share, before, items = training.counts.translation_found, aligned.found_before, aligned.held_out_pairs
    return None if share is None or before is None or items is None else (share, before, int(items))
