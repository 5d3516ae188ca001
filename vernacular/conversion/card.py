"""The card of an exported folder: ``card.json``, and the same for people in ``README.md``."""

from __future__ import annotations

import importlib.metadata
import platform
from pathlib import Path

import vernacular
from vernacular.conversion.formats import Format, Precision
from vernacular.conversion.measurement import Measured
from vernacular.conversion.released import Part, Released
from vernacular.conversion.results import Agreement, Card, Origin
from vernacular.core.energy import processor
from vernacular.release.markdown import Table, interval_text, literal, number
from vernacular.release.waivers import ALL

CARD, ONLY_README = "card.json", "README.md"
_RUNTIMES = {Format.ONNX: ("onnxruntime", "tokenizers", "numpy"),
             Format.CTRANSLATE2: ("ctranslate2", "tokenizers", "numpy")}
_WEIGHTS = (".onnx", ".bin", ".safetensors", "tokenizer.json", "vocabulary.json")


def card_of(released: Released, part: Part, to: Format, precision: Precision, agreement: Agreement, ours: Measured,
            theirs: Measured, exported: Path, threads: int) -> Card:
    """The card of what was exported into the folder ``exported``, from what was measured."""
    results, manifest = released.results, released.artifact.manifest
    rights, checked = results.rights, (results.reloaded or {}).get(part.name)
    licences = {f"base {results.model.base_name}": rights.base.licence,
                **{f"text {text.name}": text.licence for text in rights.texts}}
    if labels := rights.labels.get(part.name):
        licences[f"labels {part.name}"] = labels.licence
    return Card(
        task=part.name, kind=part.kind.task.kind if part.kind is not None else "language model", format=str(to),
        precision=str(precision),
        origin=Origin(language=results.language.code, model=results.model.name, key=manifest.key,
                      created=manifest.created, signer=results.signer, arm=results.released.arm,
                      seed=checked.seed if checked is not None else None, vernacular=vernacular.__version__,
                      red_gates=[gate.name for gate in results.release_gates if not gate.passed and gate.name != ALL]),
        base=results.model.base_name, licences=licences, agreement=agreement,
        exported=ours.cost(_size(exported)), torch=theirs.cost(_size(part.folder)), threads=threads,
        processor=f"{processor()} ({platform.machine()})",
        versions={name: importlib.metadata.version(name) for name in ("torch", "transformers", *_RUNTIMES[to])})


def readme(card: Card) -> str:
    """The card as Markdown."""
    origin, agreed = card.origin, card.agreement
    allowed = f"at most {agreed.at_most:g} may be lost"
    blocks: list[str | Table] = [
        f"# {literal(f'{origin.model} for {origin.language}: {card.task}')}, {card.format} {card.precision}",
        f"Exported by Vernacular {origin.vernacular} from the release {origin.key} of {origin.created}"
        f" ({origin.arm}{f', seed {origin.seed}' if origin.seed is not None else ''}"
        f"{f', signed with {origin.signer}' if origin.signer else ''}). It needs no torch:",
        f"```bash\npip install {' '.join(_RUNTIMES[Format(card.format)])}\npython serve.py\n"
        "curl -d '{\"text\": \"...\"}' http://127.0.0.1:8000\n```",
        "`model.py` answers without a server: `Model(Path(\".\")).answer(\"...\")`.",
        "## Answers",
        f"On {agreed.items} held-out items it gives {agreed.same:.1%} of the release's {agreed.answers:,} answers. "
        f"{literal(agreed.metric)}: {agreed.score:.3f}, of the release {agreed.score_before:.3f} "
        f"({interval_text(agreed.difference)}; {allowed}).",
        "## Cost", Table(["", "this folder", "release in torch"], [
            ["size on disk, MB", *(number(cost.bytes_on_disk / 1e6, 1) for cost in (card.exported, card.torch))],
            ["peak memory, MB", *(number(cost.peak_memory_mb, 0) for cost in (card.exported, card.torch))],
            ["time to load, s", *(number(cost.load_seconds, 2) for cost in (card.exported, card.torch))],
            ["median time of a text, ms", *(number(cost.median_ms, 2) for cost in (card.exported, card.torch))],
            ["90th percentile, ms", *(number(cost.slow_ms, 2) for cost in (card.exported, card.torch))]]),
        f"One text at a time, with its tokenizer, {card.threads} thread{'s' if card.threads > 1 else ''}, on "
        f"{literal(card.processor)}; " + ", ".join(f"{name} {version}" for name, version in card.versions.items())
        + ". Other processors round int8 differently.",
        "## Rights", Table(["part", "license"], [[name, licence] for name, licence in card.licences.items()]),
        "`data_statement.md` states where the text is from and who was consulted."]
    if origin.red_gates:
        blocks.append(f"Red gates of the release, which forbid publishing: {literal(', '.join(origin.red_gates))}.")
    return "\n\n".join(map(str, blocks)) + "\n"


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file() and path.name.endswith(_WEIGHTS))
