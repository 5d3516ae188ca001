"""The Dagster assets: they ask the library and report to the UI. No stage logic, no number computed here.

May import ``vernacular`` and ``dagster``; never ``pipelines``, which assembles these into a code location.
"""
