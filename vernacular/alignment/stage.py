"""The stage ``alignment/<name>``: read pairs of translations, embed the translations with the base, report.

Writes what ``Learned`` holds, once for both arms, and ``beside.jsonl``, the documents that were read.
"""

from __future__ import annotations

from vernacular.alignment.objective import LONGEST, embed, found
from vernacular.alignment.pairs import count_joins, read_pairs
from vernacular.config.schema import Model
from vernacular.config.training import Alignment
from vernacular.core.jsonl import write_jsonl
from vernacular.core.store import Report
from vernacular.corpus.side_texts import listed
from vernacular.datasets.aligned_pairs import Learned, targets_wanted
from vernacular.modeling.base_models import load_base
from vernacular.modeling.distributed import start
from vernacular.modeling.fused_loss import keep_memory
from vernacular.modeling.state_distillation import Teacher
from vernacular.pipeline.stage import StageContext
from vernacular.provenance.document import BESIDE
from vernacular.remarks.rules import few_pairs, same_sides

_SAMPLES = 5


def run(work: StageContext, name: str, model: Model, asked: Alignment) -> Report:
    """Write the pairs and the embeddings that both arms learn from.

    Raises:
        Problem: the translations cannot be used (``read_pairs``).
    """
    keep_memory()
    network, tokenizer = load_base(model.base, model.objective, work.language)
    network.to(start())
    pairs = read_pairs(work, asked)
    wanted = targets_wanted(pairs.train, model.pretraining.steps, asked.batch_size)
    work.progress(f"{len(pairs.train):,} translated sentences to learn from, {len(pairs.held)} held out; embedding "
                  f"{wanted:,} translations")
    teacher = Teacher(network, tokenizer)
    targets, held_targets = (teacher.embed([translation for _, translation in some], LONGEST)
                             for some in (pairs.train[:wanted], pairs.held))
    Learned(pairs.train, targets, pairs.held, held_targets).write(work.out)
    write_jsonl(work.out / BESIDE, listed(asked.beside, work))
    report = Report()
    report.count("pairs", len(pairs.train), "translated sentences to learn from")
    report.count("pairs_left_out", pairs.left_out, "pairs that share text with held-out lines, items or held-out pairs")
    if pairs.of_held_out:
        report.count("pairs_of_held_out", pairs.of_held_out, "those of them that are of held-out documents")
    count_joins(report, pairs)
    report.count("pairs_embedded", wanted, "pairs that the steps of a training see")
    report.count("pairs_held", len(pairs.held), "translated sentences that were held out to measure by")
    report.count("found_before", found(embed(network, tokenizer, [text for text, _ in pairs.held]), held_targets),
                 "held-out sentences whose own translation is the nearest for the base, as a share")
    report.samples["pairs"] = [{"text": text, "translation": translation}
                               for text, translation in pairs.train[:_SAMPLES]]
    same = sum(text.split() == translation.split() for text, translation in pairs.train)
    report.remark(few_pairs(name, len(pairs.train)), same_sides(name, same, len(pairs.train)))
    return report
