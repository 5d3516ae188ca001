"""Base models and their training: loading, packing, objectives, optimizer, checkpoints, likelihood.

No stages: data selection is in ``pretraining``, task heads are in ``tasks``.
"""
