"""Transcription: from audio to text."""
