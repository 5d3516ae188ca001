"""Vernacular: adapt a pretrained language model to a minority language.

This package is the library: plain Python, files in, files out. It never imports the orchestrator.
``assets/`` wraps its stages as Dagster assets; ``pipelines/`` assembles the graph.
"""

__version__ = "0.1.0"
