"""The programs in a release: those that this version of Vernacular ships, byte for byte, and no others."""

from __future__ import annotations

import shutil
from pathlib import Path

from vernacular.release.files import Failure, digest_of_file, list_files
from vernacular.speech import model_code

CODE = ("speech_decoding.py", "speech_model.py", "speech_pipeline.py")
_OURS = Path(str(model_code.__file__)).parent
_PROGRAMS = (".py", ".pyc", ".pyd", ".so")


def write_code(to: Path) -> None:
    """Copy the modules that a release carries."""
    for name in CODE:
        shutil.copyfile(_OURS / name, to / name)


def foreign_code(folder: Path) -> list[Failure]:
    """The programs below ``folder`` that are not ours."""
    return [Failure("VN-RELEASE-CODE", name, "is a program that this version of Vernacular does not ship; do not load "
                    "the release with trust_remote_code")
            for name in list_files(folder)[0] if name.endswith(_PROGRAMS) and not (
                name in CODE and digest_of_file(folder / name) == digest_of_file(_OURS / name))]


def is_own_code(folder: Path) -> bool:
    """Whether every program below ``folder`` is one that this version ships."""
    return not foreign_code(folder)
