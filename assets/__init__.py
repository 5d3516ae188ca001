"""The Dagster assets: they call the library and report to the UI, without stage logic or numbers of their own.

May import ``vernacular`` and ``dagster``; never ``pipelines``, which assembles these into a code
location.
"""
