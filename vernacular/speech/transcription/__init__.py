"""From utterances to a model that transcribes: states of an encoder, head, CTC, decoding, scores, baselines.

What a release carries is in ``model_code``; the objectives of untranscribed sound are in ``pretraining``.
"""
