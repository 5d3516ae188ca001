"""From a release to a folder that runs without torch: ``vernacular export``.

``released`` finds what a release contains and its scored items; ``onnx_file`` and ``ctranslate2_folder`` convert;
``gate`` compares answers; ``card`` describes the result. ``serve_onnx`` and ``serve_ctranslate2`` are copied into the
folder as ``serve.py``: what answers there is what was measured. The release itself is written by
``vernacular.release.export``.
"""
