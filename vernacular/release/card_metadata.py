"""The card's metadata block, as the Hugging Face hub reads it: language, licence, base, datasets, results.

After the hub's model card specification (https://github.com/huggingface/hub-docs/blob/main/modelcard.md).
"""

from __future__ import annotations

from typing import Any

from vernacular.core.result import Interval
from vernacular.release.result_models import ReleaseResults

# Our kinds of tasks by the hub's names (https://huggingface.co/tasks).
_TASKS = {"token_classification": "token-classification", "sequence_classification": "text-classification",
          "sentence_pairs": "text-classification", "question_answering": "question-answering",
          "sentence_retrieval": "sentence-similarity", "generation": "text-generation",
          "chat": "text-generation", "image_retrieval": "visual-document-retrieval",
          "image_classification": "zero-shot-image-classification"}


def licence_of(results: ReleaseResults) -> tuple[str, str]:
    """The hub's licence id of the release and a name: ``other`` unless base, sources and labels share one licence."""
    rights = results.rights
    licences = {text.licence for text in rights.texts} | {rights.base.licence} | {
        labels.licence for labels in rights.labels.values() if labels} | {  # the adapters hold them
        model.licence for model in rights.pictures}
    if rights.instruct is not None and any(chat.kept for chat in results.chats.values()):
        licences.add(rights.instruct.licence)
    return hub_licence(licences)


def hub_licence(licences: set[str]) -> tuple[str, str]:
    """The hub's licence id and a name for what ``licences`` cover together: ``other`` unless it is one."""
    if "unverified" in licences:
        return "other", "unverified"
    if len(licences) == 1:
        only = next(iter(licences))  # the hub knows single ids, in small letters
        return ("other", only) if " " in only or only.casefold().startswith("licenseref-") else (only.lower(), "")
    return "other", "several: " + ", ".join(sorted(licences))


def metadata_of(results: ReleaseResults) -> dict[str, Any]:
    """The block as data."""
    language, model, arm = results.language, results.model, results.released.arm
    licence, licence_name = licence_of(results)
    metadata: dict[str, Any] = {"language": [language.code], "license": licence}
    if licence_name:
        metadata |= {"license_name": licence_name, "license_link": "data_statement.md"}
    # the hub knows no other names
    names = [name for base in (model.base, *results.rights.pictures) if (name := base.hub or base.name_on_hub)]
    if names:
        metadata["base_model"] = names[0] if len(names) == 1 else names
    datasets = [source.dataset for source in results.sources if "/" in source.dataset.lstrip("./")
                and source.dataset[0] not in "./"]
    metadata |= {"datasets": datasets} if datasets else {}
    metadata |= {"library_name": "transformers",
                 "pipeline_tag": "fill-mask" if model.objective == "masked" else "text-generation",
                 "tags": ["vernacular", "continued-pretraining", "vocabulary-extension"]}
    if "sentence-embeddings" in results.loads:
        metadata["tags"].append("sentence-transformers")
    scored = [*_scored_tasks(results, arm), *_scored_likelihood(results, arm)]
    if scored:
        metadata["model-index"] = [{"name": f"{model.name}-{language.code}", "results": scored}]
    return metadata


def _scored_tasks(results: ReleaseResults, arm: str) -> list[dict[str, Any]]:
    """The scores of the tasks as the hub's evaluation results; ``args`` holds the seeds and the intervals."""
    return [{"task": {"type": _TASKS[found.kind], "name": task},
             "dataset": {"name": f"labels made by people ({task})" if found.labelled else
                         f"held-out text of the data statement ({task})", "type": "vernacular"},
             "metrics": [{
                 "type": "f1" if "f1" in found.metric else found.metric, "name": found.metric,
                 "value": round(found.means[arm], 4), "args": {
                     **_ends(found.arm_intervals.get(arm)),
                     **({"seeds": {str(row.seed): round(row.score, 4) for row in found.scores[arm]}}
                        if found.fine_tuned else {}),
                 **{f"{name}_low_mean_high": [round(value, 4) for value in interval]
                    for name, interval in found.intervals.items()}}}]}
            for task, found in results.tasks.items() if arm in found.means]


def _ends(interval: Interval | None) -> dict[str, float]:
    return {} if interval is None else {"low": round(interval[0], 4), "high": round(interval[2], 4)}


def _scored_likelihood(results: ReleaseResults, arm: str) -> list[dict[str, Any]]:
    kind = "fill-mask" if results.model.objective == "masked" else "text-generation"
    found = []
    for name, text, measured in (("likelihood", "held-out text of the data statement", results.likelihood),
                                 ("retention", "text in the base's languages", results.retention)):
        score = measured.scores.get(arm) if measured else None
        if measured and score:
            unit = measured.unit
            found.append({"task": {"type": kind, "name": name}, "dataset": {"name": text, "type": "vernacular"},
                          "metrics": [{"type": unit.replace(" ", "_"), "name": f"negative log-likelihood, {unit}, "
                                                                               "lower is better",
                                       "value": round(score.mean, 4),
                                       "args": {"low": round(score.low, 4), "high": round(score.high, 4)}}]})
    return found
