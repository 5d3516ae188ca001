"""The settings of a language folder: what may be said (``schema``), reading it (``load``), starting one (``new``)."""
