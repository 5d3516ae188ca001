"""Check language folders before a run: report every error, and summarize the content.

There are no separate rules: each file is read by the function a stage uses, which collects the
errors. ``folder`` calls them, ``texts`` reads sources and translations within a time limit,
``printed`` formats the result.
"""
