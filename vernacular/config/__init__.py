"""The settings of a language folder: their schema (``schema``), loading (``load``), new folders (``new``)."""
