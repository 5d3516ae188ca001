"""The only access to the files of a language folder: all of them are opened here, and never through a link.

A language folder may come from a stranger. A link in it could name any file of this machine, to be read as text or
to be overwritten; a pipe keeps its reader waiting. So a path is walked folder by folder with ``dir_fd`` and
``O_NOFOLLOW``, only ordinary files are opened; a link, pipe, socket or device raises a Problem. Links on the way to the
root are followed: whoever runs the program chose the root.

``file`` reads and writes one file, ``folder`` lists many, ``path_pattern`` matches their names, ``beneath`` opens.
"""

from __future__ import annotations

from vernacular.core.files.file import MOST_TEXT, File, text_of
from vernacular.core.files.folder import Folder

__all__ = ["MOST_TEXT", "File", "Folder", "text_of"]
