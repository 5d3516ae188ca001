"""Import what heavy stages need, in the fork server only: forked processes share its memory.

None of these imports starts a thread or initializes a GPU, which would not survive a fork.
"""

from __future__ import annotations

import gc
import importlib
import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all processes; ``run_command`` passes it on
importlib.import_module("vernacular.cli.main").before_torch()
for _module in ("vernacular.pretraining.stage", "vernacular.tasks.stage", "vernacular.tasks.baselines",
                "vernacular.release.bundle", "peft", "transformers.models.auto.modeling_auto", "matplotlib.figure",
                "matplotlib.backends.backend_agg"):
    importlib.import_module(_module)
gc.freeze()
