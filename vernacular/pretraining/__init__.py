"""Continued self-supervised pretraining: with the extended tokenizer, and the control arm with the original one.

Both arms see the same text with the same number of steps (RECIPE 0). ``texts`` reads and ``packing`` makes blocks,
``schedule`` orders them, ``masking`` and ``objectives`` make batches and losses, ``fused`` computes the head, ``loop``
trains, ``checkpoint`` keeps, ``processes`` joins several, ``budget`` turns minutes into steps, ``interpolate`` chooses
the weights, ``stage`` is the stage.
"""
