"""Before anything runs: every error in a language folder, and what was found there.

Nothing is checked by rules of its own: each file is read by the function that a stage reads it with, which collects
what is wrong. ``folder`` calls them, ``texts`` reads sources and translations within a limit of time, ``printed`` words
the outcome.
"""
