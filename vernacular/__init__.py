"""Vernacular: carry a pretrained language model into a minority language.

The library: what is done. Plain Python, files in, files out; it never imports the orchestrator. ``assets/`` wraps its
stages as Dagster assets and ``pipelines/`` assembles the graph.
"""

__version__ = "0.1.0"
