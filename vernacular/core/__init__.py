"""What every layer uses: errors, project paths, the store of artifacts, files of a language folder, terminal, plots.

Knows no language, no text and no model. What reads settings is in ``config``, what counts words in ``text``.
"""
