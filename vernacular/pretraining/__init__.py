"""Continued self-supervised pretraining: with the extended tokenizer, and the control with the original one.

Both see the same text for the same number of steps. ``data_mixture`` puts the text together, ``budget`` turns
minutes into steps, ``weight_interpolation`` chooses how far to go from the base's weights, ``cost`` predicts
memory, ``stage`` is the stage. The training loop is in ``vernacular.modeling``.
"""
