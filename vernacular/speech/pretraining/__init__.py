"""Continued self-supervised pretraining of speech encoders on untranscribed audio, with their own objectives.

``objectives`` has one for each family, ``cluster_targets`` what HuBERT and WavLM predict,
``audio_batches`` draws crops, ``stage`` is the stage. Transcripts are not read here.
"""
