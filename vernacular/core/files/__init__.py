"""The only access to files of a language folder; links are never followed.

A language folder may come from a stranger. A link in it could expose or overwrite any file of this
machine, and a pipe would block the reader. So paths are walked folder by folder with ``dir_fd`` and
``O_NOFOLLOW``, and only regular files are opened; a link, pipe, socket or device raises a Problem.
Links on the way to the root are followed, because the user chose the root.

``file`` reads and writes one file, ``folder`` lists many, ``path_pattern`` matches names,
``beneath`` opens paths.
"""

from __future__ import annotations

from vernacular.core.files.file import MOST_TEXT, File, text_of
from vernacular.core.files.folder import Folder

__all__ = ["MOST_TEXT", "File", "Folder", "text_of"]
