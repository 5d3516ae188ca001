"""Transcripts: tables, ELAN and Praat files. Each reader runs in the sandboxed worker and yields segments."""
