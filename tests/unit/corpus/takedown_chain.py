"""A language whose stages copy what they read, for takedowns: no step costs anything."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

from vernacular.config.schema import Language
from vernacular.core.jsonl import write_jsonl
from vernacular.core.report import Report
from vernacular.core.store import Artifact, Store
from vernacular.corpus.stages import stages
from vernacular.corpus.takedown import Plan, Target, carry_out, make_plan
from vernacular.pipeline.stage import Stage, StageContext, run_stage
from vernacular.provenance.corpus_tables import read_rows, read_strings, write_rows

Row = dict[str, Any]


def clean(work: StageContext) -> Report:
    """Changes every text a little and rejects a line of each, as the real stage does."""
    rows = list(read_rows(work.inputs["corpus/documents"] / "documents.parquet"))
    write_rows(work.out / "documents.parquet", ({**row, "text": row["text"].replace("'", "\u2019")} for row in rows))
    write_rows(work.out / "rejects.parquet", ({"id": row["id"], "line": 1, "rule": "short", "reason": "it is",
                                               "text": row["text"].split("\n")[0]} for row in rows))
    (work.cache / "seen.jsonl").write_text(rows[0]["text"])
    return Report()


def splits(work: StageContext) -> Report:
    rows = list(read_rows(work.inputs["corpus/clean"] / "documents.parquet"))
    half = len(rows) // 2
    write_rows(work.out / "train.parquet", rows[:half])
    write_rows(work.out / "test.parquet", rows[half:])
    return Report()


def model(work: StageContext) -> Report:
    (work.out / "model.safetensors").write_bytes(bytes(range(256)))
    return Report()


def task(work: StageContext) -> Report:
    write_jsonl(work.out / "predictions.jsonl", (
        {"text": line.lower(), "labels": []} for part in ("train", "test")
        for row in read_rows(work.inputs["corpus/splits"] / f"{part}.parquet") for line in row["text"].split("\n")))
    return Report()


def evaluation(work: StageContext) -> Report:
    rows = list(read_rows(work.inputs["corpus/splits"] / "train.parquet"))
    return Report(samples={"lines": [{"text": row["text"][:160]} for row in rows]})


def release(work: StageContext) -> Report:
    rows = read_rows(work.inputs["corpus/splits"] / "train.parquet")
    (work.out / "documents.txt").write_text("".join(f"{row['id']}\t{row['path']}\n" for row in rows))
    return Report()


def chain(language: Language) -> list[Stage]:
    """The real ``corpus/documents``, and behind it stages that leave text where the real ones do."""
    def made(name: str, run: Any, *inputs: str) -> Stage:
        return Stage(name=name, version="1", inputs=inputs, settings=lambda language: {}, run=run, description="")

    return [stages(language)[0], made("corpus/clean", clean, "corpus/documents"),
            made("corpus/splits", splits, "corpus/clean"), made("model/tiny", model, "corpus/splits"),
            made("task/names_tiny", task, "corpus/splits", "model/tiny"),
            made("evaluation/tiny_likelihood", evaluation, "corpus/splits", "model/tiny"),
            made("release/tiny", release, "corpus/splits", "model/tiny")]


def run(language: Language, store: Store) -> dict[str, Artifact]:
    return {stage.name: run_stage(stage, language, store) for stage in chain(language)}


def rows(artifact: Artifact, file: str = "documents.parquet") -> list[Row]:
    return list(read_rows(artifact.folder / file))


def grep(root: Path, text: str) -> list[str]:
    """Files below ``root`` with a line of ``text`` in them, whatever its case and escapes."""
    found = []
    for path in root.rglob("*"):
        if path.is_file():
            data = "\n".join(read_strings(path)).encode() if path.suffix == ".parquet" else path.read_bytes()
            data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
            content = data.decode("utf-8", "replace").casefold().replace("\u2019", "'")
            content += re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), content)
            if any(line.casefold() in content for line in text.split("\n")):
                found.append(path.relative_to(root).as_posix())
    return sorted(found)


def take(language: Language, store: Store, **target: str) -> tuple[Plan, list[str]]:
    plan = make_plan(language, store, Target(**target))
    return plan, carry_out(plan, language, store, "the author asked", "tests")
