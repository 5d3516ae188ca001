"""Base models and how they are trained: loading, packing, objectives, optimizer, checkpoints, likelihood.

Knows no stage: what a pretraining reads and chooses is in ``pretraining``, what a task adds to a body in ``tasks``.
"""
