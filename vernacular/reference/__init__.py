"""The generated pages of docs/reference: settings, stages, gates, commands and codes, read from the code.

``python -m vernacular.reference`` writes them and the schemas for editors; ``--check`` compares. A page states nothing
of its own: correct the settings class, the stage, the gate, the command or the code.
"""
