"""Pictures from the folder to the release through Dagster, with a tiny random CLIP as tower and as teacher."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.project import ENGLISH, Place
from tests.tiny_pictures import COLORS, SHAPES, write_pictures, write_tower
from vernacular.config.load import load_language
from vernacular.core.store import Store
from vernacular.release.inference import Answerer
from vernacular.release.stage_results import ReleaseResult
from vernacular.reporting.full_report import current_artifacts, results

pytestmark = pytest.mark.slow
TOWER = {"path": "tower", "licence": "MIT", "name_on_hub": "openai/clip-vit-base-patch32"}


def theirs(text: str) -> str:
    return text.translate(str.maketrans("aeioust", "eioamkp"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, with_corpus: Callable[..., Place]) -> Place:
    """A language with captions of shapes, as far as the release."""
    made = with_corpus(tmp_path_factory.mktemp("pictures") / "project")
    folder = made.folder / "languages" / "qaa"
    write_tower(folder / "tower")
    rows = write_pictures(folder / "pictures")
    (folder / "pictures" / "captions.tsv").write_text("text\tpicture\n" + "".join(
        f"{theirs(text)} {number}\t{name}\n" for number, (text, name) in enumerate(rows)), encoding="utf-8")
    english = [f"the {color} {shape} {verb}" for color in COLORS for shape in SHAPES
               for verb in ("looks", "jumps", "flies", "sleeps", "eats")]
    for name, lines in (("ours", map(theirs, english)), ("theirs", english)):
        (folder / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    data = {"kind": "files", "folder": "pictures", "train": "captions.tsv", "test_share": 0.4, "licence": "CC0-1.0"}
    settings: dict[str, Any] = yaml.safe_load((folder / "language.yaml").read_text(encoding="utf-8"))
    settings["models"]["tiny"]["alignment"] = {"batch_size": 8, "teacher": TOWER, "translations": [{
        "source": {**ENGLISH, "name": "ours", "files": "ours.txt"},
        "translation": {**ENGLISH, "name": "theirs", "files": "theirs.txt"}}]}
    settings["tasks"] |= {
        "look": {"kind": "image_retrieval", "tower": TOWER, "data": data},
        "shape": {"kind": "image_classification", "tower": TOWER, "fine_tune": False,
                  "data": {**data, "columns": {"label": "text"}}}}
    (folder / "language.yaml").write_text(json.dumps(settings, indent=1), encoding="utf-8")  # YAML without aliases
    result = made.run("run", "qaa")
    assert result.returncode == 0, result.stdout + result.stderr
    return made


def test_the_release_loads_and_its_card_names_the_tower(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    release = Store(place.artifacts).current("qaa", "release/tiny")
    assert release is not None
    reloaded = release.manifest.report.read_result(ReleaseResult, "release/tiny").reloaded
    assert reloaded is not None
    assert {task: reloaded[task].call for task in ("look", "shape")} == dict.fromkeys(
        ("look", "shape"), "SentenceTransformer")
    card = (release.folder / "README.md").read_text(encoding="utf-8")
    metadata = yaml.safe_load(card.split("---")[1])
    assert metadata["base_model"] == "openai/clip-vit-base-patch32"  # the base itself has no name on the hub
    assert "MIT" in metadata["license_name"] and f"`{TOWER['path']}`" in card.partition("## Translations")[2]
    picture = place.folder / "languages/qaa/pictures/red-fox-0.png"
    monkeypatch.chdir(release.folder)
    for task in ("look", "shape"):
        block, = (block for block in re.findall(r"```python\n(.*?)```", card, re.S) if f"{task}/tower" in block)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(block.replace('Image.open("...")', f"Image.open({str(picture)!r})"), {})  # as a reader would
        assert "tensor([[" in out.getvalue()


def test_page_and_try_show_pictures_before_and_after(place: Place, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = place.run("report", "qaa", "--html", str(page))
    assert done.returncode == 0, done.stderr
    assert page.read_text(encoding="utf-8").count('<img alt="') >= 6
    release = Store(place.artifacts).current("qaa", "release/tiny")
    assert release is not None and place.run("verify", str(release.folder)).returncode == 0
    answers = Answerer(Store(place.artifacts), load_language(place.folder / "languages" / "qaa"), "tiny").ask(
        theirs("the red fox"))
    for arm in ("base", "adapted"):
        for task in ("look", "shape"):
            seen = answers[arm].pictures[task]
            assert len(seen) == 8 and all(one.thumbnail for one in seen)


def test_the_results_hold_teacher_and_tower(place: Place) -> None:
    language, store = load_language(place.folder / "languages" / "qaa"), Store(place.artifacts)
    found = json.loads(json.dumps(results(store, language, "tiny").as_json()))
    assert found["model"]["teacher"]["path"] == found["tasks"]["look"]["tower"]["path"] == "tower"
    assert found["tasks"]["look"]["floors"].keys() == {"majority", "tfidf_characters", "tfidf_translations"}
    assert found["tasks"]["shape"]["floors"].keys() == {"majority", "tfidf_translations"}
    assert "alignment/tiny" in current_artifacts(store, language, "tiny")
