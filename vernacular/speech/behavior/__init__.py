"""The stage ``speech/behaviour_<model>``: tests with changed sound and no speech; groups of speakers.

Not here: error rates on unchanged speech (``speech.transcription``).
"""
