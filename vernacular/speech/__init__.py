"""Spoken language: recordings, their cleaning and splits, models that transcribe, releases of these.

Not here: models of text, and what speech shares with them (intervals, training loop, checkpoints).
"""
