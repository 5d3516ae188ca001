"""``python -m tests.fuzz NAME [SECONDS]``: damage one reader's input, led by what code it reaches (atheris).

Ends with the input on the screen and an exit code that is not 0 when a reader raises anything but a ``Problem``.
Needs ``pip install -c constraints.txt atheris``; the tests do less of the same with hypothesis.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["vernacular"]):
    from tests.fuzz.targets import TARGETS, take


def main(name: str, seconds: str = "60") -> None:
    """Run until ``seconds`` are over or a fault is found; atheris ends the process."""
    target, folder = TARGETS[name], Path(tempfile.mkdtemp())
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(target.seeds):
        (corpus / str(number)).write_bytes(seed)
    (folder / "read").mkdir()

    def once(data: bytes) -> None:
        take(target, data, folder / "read")

    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-rss_limit_mb=3000", "-timeout=20",
                   f"-artifact_prefix={folder}/", str(corpus)], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
