"""The modules that a release of a transcription model carries: its network, its decoding, its pipeline.

They import torch, transformers and numpy, and one another by relative imports, since a release is loaded where
Vernacular is not installed (``trust_remote_code=True``). Training, scores and settings do not belong here.
"""
