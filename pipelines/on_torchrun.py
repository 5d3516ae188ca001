"""``torchrun`` that ends when the run that started it does, however that ends; it ends its workers itself.

``python -m pipelines.on_torchrun`` takes torchrun's own arguments. Killed outright, a run cannot stop what it started,
and workers see torchrun alone: left by themselves they would hold cards and the stage's lock until the training is
done.
"""

from __future__ import annotations

import sys

from pipelines.process_control import end_with_the_parent

if __name__ == "__main__":
    if sys.platform == "linux":  # elsewhere nothing tells a process that its parent is gone
        end_with_the_parent()
    from torch.distributed.run import main

    main(sys.argv[1:])
