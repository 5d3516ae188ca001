"""The tests of behavior and the rates of failures that pass."""

from __future__ import annotations

NOTHING = {"silence": "digital silence", "white_noise": "white noise", "pink_noise": "noise as of wind and traffic",
           "tones": "chords of an instrument"}
CHANGED = {"slower": ("speech at 0.9 times its speed", 0.2), "faster": ("speech at 1.1 times its speed", 0.2),
           "quieter": ("speech at a fifth of its volume", 0.05), "louder": ("speech at three times its volume", 0.2),
           "room": ("speech in a room with an echo of 0.4 s", 0.3), "telephone": ("speech through a telephone", 0.3),
           "higher_voice": ("a voice 15% higher", 0.3), "lower_voice": ("a voice 13% lower", 0.3)}
MOST_INVENTED, MOST_MARKLESS, MOST_FOREIGN = 0.05, 0.1, 0.0  # rates of failures that pass
MARKS, SCRIPT, PLAIN = "marks", "script", "unchanged"
NAMES = (*NOTHING, *CHANGED, MARKS, SCRIPT)
MOST_WORSE = 0.15  # share of the characters of the reference: a changed utterance with more new errors fails
