"""What nearly every heavy stage loads; none of it starts a thread or looks at a card.

Only the fork server imports this module. What is loaded here stays shared with the processes that are forked.
"""

from __future__ import annotations

import gc
import importlib
import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to every process; the run passes it on
importlib.import_module("vernacular.cli.main").before_torch()
for _module in ("vernacular.pretraining.stage", "vernacular.tasks.stage", "vernacular.tasks.baselines",
                "vernacular.release.bundle", "peft", "transformers.models.auto.modeling_auto", "matplotlib.figure",
                "matplotlib.backends.backend_agg"):
    importlib.import_module(_module)
gc.freeze()
