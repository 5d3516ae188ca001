"""The page of datasets on the hub with text in many languages, with the source of each fact."""

from __future__ import annotations

from collections.abc import Iterator

from vernacular.config.hub_presets import Preset, read_presets
from vernacular.reference.markdown import opening, table

FILE = "docs/reference/datasets.md"
_TABLE = "vernacular/config/hub_presets.yaml"
_INTRO = """\
Datasets on the Hugging Face hub with text in many languages, and what is known of their quality for small ones. What no
source states is *unknown*, never guessed. To add a dataset or correct a fact, edit `vernacular/config/hub_presets.yaml`
and name the source.

```yaml
sources:
  - name: web
    kind: hub
    preset: fineweb2          # names the dataset and its columns
    config: nya_Latn          # the language's name there
    revision: <commit>        # 40 letters and digits, so that the text never changes
    licence: unverified       # the license of the pages is not that of the collection
    consent: unknown
    register: web
```

In the names of configurations, `{alpha3}` is the ISO 639-3 code, `{script}` the ISO 15924 code (Latn), `{wiki}` the
first part of the Wikipedia's address, `{first}` and `{second}` the two languages of a pair. The license is that of the
collection; pages and articles keep their own.

"""
_PAIRS = """
## Translations

`hub` does not read pairs. Save the two sides as the columns of a table, and name it under
[`alignment: translations:`](translations.md):

```python
import csv, datasets
rows = datasets.load_dataset("Helsinki-NLP/opus-100", "en-rw", split="train", revision="<commit>")
with open("languages/kin/pairs.tsv", "w", newline="", encoding="utf-8") as file:
    table = csv.writer(file, delimiter="\\t")
    table.writerow(["kin", "eng"])
    table.writerows((row["rw"], row["en"]) for row in rows["translation"])
```

"""


def datasets_page() -> str:
    """The page, ending with a newline."""
    presets = [preset for preset in read_presets().values() if preset.dataset is not None]
    texts, pairs = ([preset for preset in presets if preset.use == use] for use in ("text", "translations"))
    return "".join([opening("Datasets on the hub", _TABLE), "\n", _INTRO, "## Text\n\n",
                    table(("preset", "dataset", "configuration", "columns of text", "of the URL", "license"),
                          map(_row, texts)), "\n", *map(_known, texts), _PAIRS,
                    table(("name", "dataset", "configuration", "column of pairs", "of the URL", "license"),
                          map(_row, pairs)), "\n", *map(_known, pairs), "\n## Sources\n\n", *map(_source, presets)])


def _row(preset: Preset) -> tuple[str, ...]:
    url = "none" if preset.no_url else ", ".join(f"`{name}`" for name in preset.columns.path)
    return (f"`{preset.name}`", f"`{preset.dataset}`", f"`{preset.config}`" if preset.config else "unknown",
            ", ".join(f"`{name}`" for name in preset.columns.text), url, preset.licence or "unknown")


def _known(preset: Preset) -> str:
    quality = preset.quality or "The quality for small languages is unknown."
    return f"- **{preset.title}**: {' '.join([quality, *_notes(preset)])}\n"


def _notes(preset: Preset) -> Iterator[str]:
    if preset.notes:
        yield preset.notes


def _source(preset: Preset) -> str:
    where = "; ".join(f"[{', '.join(source.facts)}]({source.url})" for source in preset.sources)
    return f"- `{preset.name}`: {where}\n"
