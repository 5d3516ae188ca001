"""Continued self-supervised pretraining, with the extended tokenizer and, as control, the original one.

Both read the same text for the same number of steps. ``data_mixture`` reads the text, ``budget``
converts minutes to steps, ``weight_interpolation`` interpolates with the base's weights, ``cost``
predicts memory, ``stage`` is the stage. The training loop is in ``vernacular.modeling``.
"""
