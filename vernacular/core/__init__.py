"""What every layer uses: errors, project paths, the artifact store, safe file access, terminal, plots.

Nothing here depends on a language, a text or a model. Settings are in ``config``, text handling in
``text``.
"""
