"""The stage ``alignment/<name>``: select pairs, embed translations with the base or another teacher, report.

Writes a ``Learned``, shared by both variants, and ``beside.jsonl``, the documents that were read.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from vernacular.alignment.objective import LONGEST, embed, retrieval_rate
from vernacular.alignment.pairs import count_joins, read_pairs
from vernacular.config.schema import Model
from vernacular.config.training import Alignment
from vernacular.core.jsonl import write_jsonl
from vernacular.core.report import Report
from vernacular.corpus.side_texts import listed
from vernacular.datasets.aligned_pairs import Learned, Projection, targets_wanted
from vernacular.modeling.base_models import load_base
from vernacular.modeling.distributed import start
from vernacular.modeling.fused_loss import keep_memory
from vernacular.modeling.linear_map import fit_map
from vernacular.modeling.picture_towers import load_tower
from vernacular.modeling.state_distillation import Teacher
from vernacular.pipeline.stage import StageContext
from vernacular.provenance.document import BESIDE
from vernacular.remarks.rules import few_pairs, same_sides

_SAMPLES = 5


def fit_projection(states: torch.Tensor, targets: torch.Tensor, texts: Sequence[str]) -> Projection:
    """Return the linear map from the base's ``states`` of ``texts`` to the teacher's vectors ``targets`` of them."""
    found = fit_map(states.cpu().numpy(), targets.cpu().numpy(), texts)
    return Projection(torch.tensor(found.weight, dtype=torch.float32), torch.tensor(found.bias, dtype=torch.float32))


def run(work: StageContext, name: str, model: Model, asked: Alignment) -> Report:
    """Write the pairs and the target embeddings."""
    keep_memory()
    network, tokenizer = load_base(model.base, model.objective, work.language)
    network.to(start())
    pairs = read_pairs(work, asked)
    wanted = targets_wanted(pairs.train, model.pretraining.steps, asked.batch_size)
    work.progress(f"{len(pairs.train):,} translated sentences for training, {len(pairs.held_out)} held out; "
                  f"embedding {wanted:,} translations")
    texts, held_out_texts = ([translation for _, translation in some]
                             for some in (pairs.train[:wanted], pairs.held_out))
    base = Teacher(network, tokenizer)
    targets, held_out_targets = (base.embed(some, LONGEST) for some in (texts, held_out_texts))
    projection = None
    if asked.teacher is not None:
        states, tower = targets, load_tower(asked.teacher, work.language)
        targets, held_out_targets = tower.embed_texts(texts).cpu(), tower.embed_texts(held_out_texts).cpu()
        projection = fit_projection(states, targets, texts)
    Learned(pairs.train, targets, pairs.held_out, held_out_targets, projection).write(work.out)
    write_jsonl(work.out / BESIDE, listed(asked.beside, work))
    report = Report()
    report.count("pairs", len(pairs.train), "translated sentences for training")
    report.count("pairs_left_out", pairs.left_out, "pairs that share text with held-out lines, items or held-out pairs")
    if pairs.of_held_out:
        report.count("pairs_of_held_out", pairs.of_held_out, "those of them that are of held-out documents")
    count_joins(report, pairs)
    report.count("pairs_embedded", wanted, "pairs seen in the steps of a training")
    report.count("pairs_held", len(pairs.held_out), "translated sentences held out for evaluation")
    before = embed(network, tokenizer, [text for text, _ in pairs.held_out])
    report.count("found_before", retrieval_rate(
        before if projection is None else projection(before), held_out_targets.to(before.device)),
                 "share of held-out sentences whose own translation is nearest under the base")
    report.samples["pairs"] = [{"text": text, "translation": translation}
                               for text, translation in pairs.train[:_SAMPLES]]
    same = sum(text.split() == translation.split() for text, translation in pairs.train)
    report.remark(few_pairs(name, len(pairs.train)), same_sides(name, same, len(pairs.train)))
    return report
