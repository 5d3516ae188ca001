"""What cleaning catches of salt strewn into real text, and how many good lines it loses.

Chichewa news with a tenth each of other languages, English, copies, near-copies, mojibake, boilerplate, private data
and sentences of test sets. Salt is caught if it is dropped, repaired or masked.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from benchmarks.folder import artifact, run, write_folder
from benchmarks.registry import DATA, Row, figure, need
from vernacular.cleaning.holdout_texts import held_out_items as held_out
from vernacular.cleaning.holdout_texts import texts_of
from vernacular.config.load import load_language
from vernacular.core.files import File
from vernacular.provenance.corpus_tables import DOCUMENTS, REJECTS, read_rows
from vernacular.text.words import plain_words

SHARE = 0.1
_LINES = 10  # of a document
_LEAST_WORDS = 5
_OTHERS = ("sna", "zul", "xho", "nso", "sot", "ssw", "tsn", "tso", "kin", "run", "lug", "swh")
_MENUS = ["Home | News | Sports | Opinion | Contact us", "We use cookies to give you the best experience on our site.",
          "Tsamba Loyamba | Nkhani | Masewera | Ndale", "Gawani nkhaniyi pa Facebook ndi Twitter",
          "Copyright 2019 Nation Publications Limited. All rights reserved.", "Werenganinso nkhani zina"]
_ENGLISH = {word for word in ENGLISH_STOP_WORDS if len(word) > 1}
_NEAR = 0.5  # share of a line's runs of three words that a line beside it has, for it to be a near copy of that
Words = tuple[str, ...]


@dataclass
class Salted:
    """A corpus with salt in it.

    Attributes:
        documents: file -> documents, each a list of lines.
        good: the words of the good lines as they should come out.
        salt: kind -> what must not come out: the words of a line, or a text within a line.
        copies: the words of lines that were planted a second time; the first may come out.
        originals: the words of lines that were copied, changed or not; these are salted in no other way.
    """

    documents: dict[str, list[list[str]]]
    good: set[Words]
    salt: dict[str, list[Words | str]] = field(default_factory=lambda: defaultdict(list))
    copies: list[Words] = field(default_factory=list)
    originals: set[Words] = field(default_factory=set)

    def places(self) -> list[tuple[list[str], int]]:
        """Document and place of each good line that is long enough and was not salted yet."""
        return [(text, place) for text in self.documents["1_text"] for place, line in enumerate(text)
                if (words := plain_words(line)) in self.good and words not in self.originals
                and len(words) >= _LEAST_WORDS]


@figure
def salted() -> Iterator[Row]:
    """Percent of salt that is caught, kind by kind (goal: 98), and of good lines that are lost (goal: at most 1.5).

    Documents of ten lines and of one; ``_rounds`` with a round of self-training on them.
    """
    for name, size, rounds in (("salted", _LINES, 0), ("salted_rounds", _LINES, 1), ("salted_lines", 1, 0),
                               ("salted_lines_rounds", 1, 1)):
        chance = random.Random(1)
        corpus = strew(chance, size)
        with tempfile.TemporaryDirectory() as place:
            folder = write_folder(Path(place), _seed_lines(), {
                file: ["\n".join(lines) for lines in documents] for file, documents in corpus.documents.items()},
                identification={"rounds": rounds})
            (folder / "tasks").mkdir()
            for path in _test_files():
                (folder / "tasks" / f"{path.parent.name}{path.suffix}").write_bytes(path.read_bytes())
            test_texts = held_out(load_language(folder), Path(place) / "artifacts")
            corpus.good -= {plain_words(text) for _, text in test_texts}
            run(folder, Path(place) / "artifacts")
            clean = artifact(Path(place) / "artifacts", "corpus/clean")
            rows = list(read_rows(clean / DOCUMENTS))
            lost_to = {plain_words(row["text"]): row["rule"] for row in read_rows(clean / REJECTS)}
        left = [line for row in rows for line in row["text"].split("\n")]
        yield from _judge(name, corpus, left, lost_to)


def _judge(name: str, corpus: Salted, left: Sequence[str], lost_to: dict[Words, str]) -> Iterator[Row]:
    text, times = "\n".join(left), Counter(map(plain_words, left))

    def through(salt: Sequence[Words | str], spared: int = 0) -> int:
        lines = Counter(grain for grain in salt if not isinstance(grain, str))
        return (sum(min(number, max(times[words] - spared, 0)) for words, number in lines.items())
                + sum(grain in text for grain in salt if isinstance(grain, str)))

    found = {kind: (len(salt), through(salt)) for kind, salt in corpus.salt.items()}
    found["duplicates"] = len(corpus.copies), through(corpus.copies, spared=1)
    for kind, (number, missed) in found.items():
        yield Row(f"{name}_caught_{kind}", 100 * (1 - missed / number), "%",
                  details={"planted": number, "caught": number - missed})
    missing = {words for words in corpus.good - set(times) if words in lost_to}
    copies = _near_copies({words for words in missing if lost_to[words] == "near_duplicate"}, set(times))
    lost = Counter(lost_to[words] for words in missing - copies)
    yield Row(f"{name}_good_lines_lost", 100 * lost.total() / len(corpus.good), "%", details={
        "good": len(corpus.good), "lost": lost.total(), "by rule": dict(lost.most_common()),
        "near copies of kept lines, not lost": len(copies)})


def _near_copies(lines: set[Words], kept: set[Words]) -> set[Words]:
    """Those of ``lines`` that the text itself has twice with a word changed, so that nothing is lost with them.

    Half of their runs of three words are in one kept line; counted exactly, without the hashes of cleaning.
    """
    runs = {line: {line[start:start + 3] for start in range(len(line) - 2)} for line in lines}
    wanted = set().union(*runs.values()) if runs else set()
    holders: dict[Words, set[Words]] = defaultdict(set)
    for line in kept:
        for start in range(len(line) - 2):
            if line[start:start + 3] in wanted:
                holders[line[start:start + 3]].add(line)
    return {line for line, mine in runs.items() if mine and max(
        Counter(holder for run_ in mine for holder in holders[run_]).values(), default=0) >= _NEAR * len(mine)}


def strew(chance: random.Random, size: int) -> Salted:
    """The good text with salt in it.

    Args:
        chance: decides what goes where.
        size: lines of a document; with one, salt is in documents of its own.
    """
    lines = need(DATA / "nya" / "mono.txt").read_text(encoding="utf-8").splitlines()
    number = round(len(lines) * SHARE)
    documents = [lines[start:start + size] for start in range(0, len(lines), size)]
    corpus = Salted({"1_text": documents, "2_site": [], "3_salt": []},
                    {plain_words(line) for line in lines if plain_words(line) and not _is_english(line)})
    _other_languages(corpus, chance, number)
    _copies(corpus, chance, number)
    _mojibake(corpus, chance, number)
    _private(corpus, chance, number)
    _tests(corpus, chance, number)
    _boilerplate(corpus, chance, number)
    return corpus


def _is_english(line: str) -> bool:
    """Whether a line of the text is a quotation in English, of which it holds some: these are no good lines."""
    words = plain_words(line)
    return sum(word in _ENGLISH for word in words) > 0.15 * len(words)


def _sow(corpus: Salted, chance: random.Random, lines: Sequence[str]) -> None:
    """Put half of ``lines`` in the midst of good documents where these have several lines, half in their own."""
    texts = corpus.documents["1_text"]
    size = max(map(len, texts))
    mixed, apart = (lines[::2], lines[1::2]) if size > 1 else ([], lines)
    for line in mixed:
        text = chance.choice(texts)
        text.insert(chance.randrange(1, len(text) + 1), line)
    corpus.documents["3_salt"] += [list(apart[start:start + size]) for start in range(0, len(apart), size)]


def _other_languages(corpus: Salted, chance: random.Random, number: int) -> None:
    folder = need(DATA / "sib200_dev")
    for kind, codes in (("shona", _OTHERS[:1]), ("other_languages", _OTHERS[1:])):
        lines = [line for code in codes for line in _lines(folder / f"{code}_Latn.txt")][:number]
        _sow(corpus, chance, lines)
        corpus.salt[kind] += map(plain_words, lines)
    english = _lines(folder / "eng_Latn.txt") + _descriptions()
    english = list(dict.fromkeys(english))[:number]
    _sow(corpus, chance, english)
    corpus.salt["english"] += map(plain_words, english)


def _lines(path: Path) -> list[str]:
    lines = need(path).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if len(plain_words(line)) >= _LEAST_WORDS]


def _descriptions() -> list[str]:
    """English prose that comes with scikit-learn."""
    spec = find_spec("sklearn")
    if spec is None or spec.origin is None:
        return []
    paragraphs = [" ".join(part.split()) for path in sorted((Path(spec.origin).parent / "datasets/descr").glob("*.rst"))
                  for part in path.read_text(encoding="utf-8").split("\n\n")]
    return [text for text in paragraphs if len(plain_words(text)) >= 8 and text[0].isalpha() and "|" not in text]


def _copies(corpus: Salted, chance: random.Random, number: int) -> None:
    """Copies and near-copies: half of them in whole documents, where these have several lines."""
    texts = corpus.documents["1_text"]
    whole = chance.sample(texts, number // _LINES) if len(texts[0]) > 1 else []
    alone = chance.sample([line for text in texts for line in text if _long(line)], number * 2 - sum(map(len, whole)))
    for turn, lines in enumerate([*whole, *([line] for line in alone)]):
        corpus.originals.update(map(plain_words, lines))
        if turn % 2:
            corpus.documents["3_salt"].append(list(lines))
            corpus.copies += map(plain_words, lines)
        else:
            changed = [_changed(chance, line) if _long(line) else line for line in lines]
            corpus.documents["3_salt"].append(changed)
            corpus.salt["near_duplicates"] += [plain_words(line) for line in changed if _long(line)]


def _long(line: str) -> bool:
    return len(plain_words(line)) >= 12


def _changed(chance: random.Random, line: str) -> str:
    """One word of a line dropped, doubled or written otherwise."""
    words = line.split(" ")
    place = chance.randrange(len(words))
    kind = chance.randrange(3)
    if kind == 0:
        del words[place]
    elif kind == 1:
        words.insert(place, chance.choice(["ndi", "koma", "pa"]))
    else:
        words[place] = words[place][::-1]
    return " ".join(words)


def _mojibake(corpus: Salted, chance: random.Random, number: int) -> None:
    """Good lines written with ŵ and curly signs, then read in another encoding; of a third, letters are lost."""
    places = [(text, place) for text, place in corpus.places() if "w" in text[place]]
    for turn, (text, place) in enumerate(chance.sample(places, number)):
        right = f"‘Inde’ — {text[place].replace('w', 'ŵ', 2)} 5 €" + (" “ayi”" if turn % 3 else "")
        corpus.good.discard(plain_words(text[place]))
        text[place] = right.encode("utf-8").decode("latin-1" if turn % 3 == 1 else "cp1252", errors="replace")
        lossy = "\ufffd" in text[place]
        corpus.salt["mojibake_lossy" if lossy else "mojibake"].append(text[place][text[place].index("Å"):][:12])
        if not lossy:
            corpus.good.add(plain_words(right))


def _private(corpus: Salted, chance: random.Random, number: int) -> None:
    for turn, (text, place) in enumerate(chance.sample(corpus.places(), number)):
        corpus.good.discard(plain_words(text[place]))
        name = f"{chance.choice('abcdefgh')}.phiri{turn}"
        data = (f"{name}@example.mw", f"+265 999 {turn:06d}"[:16], f"0888 {turn % 900 + 100} {turn % 800 + 120}",
                f"{name}@mail.example.org")[turn % 4]
        mask = "email" if "@" in data else "phone"
        text[place] = f"{text[place].rstrip('.')}, lembani kapena imbani {data} lero."
        corpus.salt[mask].append(data)
        corpus.good.add(plain_words(text[place].replace(data, f"<{mask}>")))


def _tests(corpus: Salted, chance: random.Random, number: int) -> None:
    """Sentences of test sets, as they are and within longer lines."""
    known = list(dict.fromkeys(
        text.strip() for path in _test_files() for text in texts_of(File.at(path)) if len(plain_words(text)) >= 3))
    chosen = chance.sample(known, min(number, len(known)))
    planted = [f"Malinga ndi nkhani, {line} adatero iwo." if turn % 4 == 0 and len(plain_words(line)) >= 13 else line
               for turn, line in enumerate(chosen)]
    _sow(corpus, chance, planted)
    corpus.good -= {plain_words(line) for line in [*planted, *known]}
    corpus.salt["test_sentences"] += map(plain_words, planted)


def _boilerplate(corpus: Salted, chance: random.Random, number: int) -> None:
    """Menus above and below the documents of one site; or, where these have one line, as documents."""
    texts = corpus.documents["1_text"]
    several = len(texts[0]) > 1
    site = [texts.pop(chance.randrange(len(texts))) if several else [] for _ in range(number // 3)]
    for text in site:
        own = chance.sample(_MENUS, 3)
        corpus.salt["boilerplate"] += map(plain_words, own)
        text[:0], text[len(text):] = own[:2], own[2:]
    corpus.documents["2_site"] = site if several else [[line] for text in site for line in text]


def _nya(*parts: str) -> Path:
    return need(DATA.joinpath("nya", *parts))


def _test_files() -> list[Path]:
    return [_nya("sib200", "test.tsv"), _nya("ner2", "test.txt")]


def _seed_lines() -> list[str]:
    """News in Chichewa that is not in the text: the parallel sentences of LAFAND."""
    return [line for part in ("dev", "test") for line in _lines(_nya("lafand", f"{part}.nya"))]

