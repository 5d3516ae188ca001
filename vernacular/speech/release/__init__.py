"""The folder of a transcription model that leaves the machine: model, code, card, data statement, signature.

Training and scores are in ``transcription``; the network and the pipeline that a release carries are in ``model_code``.
"""
