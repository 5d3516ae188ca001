"""What people read of a release: the terminal screen, the HTML page, the demo server, the table of all languages.

Computes no number: those are gathered in ``release.results``.
"""
