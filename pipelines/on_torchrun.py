"""``torchrun`` that ends with its parent run for any reason, together with its workers.

``python -m pipelines.on_torchrun`` takes torchrun's own arguments. A killed run cannot stop its
children, and workers only watch torchrun: they would keep GPUs and the stage's lock until the
training ends.
"""

from __future__ import annotations

import sys

from pipelines.process_control import end_with_the_parent

if __name__ == "__main__":
    if sys.platform == "linux":  # other systems do not signal the death of a parent
        end_with_the_parent()
    from torch.distributed.run import main

    main(sys.argv[1:])
