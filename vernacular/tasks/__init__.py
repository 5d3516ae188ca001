"""Downstream tasks, fine-tuned on base, control and adapted with the same budget and the same seeds.

``kind`` is the one interface of a kind of task; ``token_classification``, ``sequence_classification``,
``sentence_pairs``, ``question_answering``, ``sentence_retrieval`` and ``generation`` are the kinds. A further kind is
one module and an entry in ``kind._CLASSES``, and in ``KindName`` and ``COLUMNS`` of ``vernacular.config.tasks``.

Items come from ``data`` (what people labelled: files and the hub) or ``derived`` (what the corpus says of itself).
``network`` is a body with a head, ``classifier`` the classifiers of transformers over it, ``heads`` where a head
starts, ``finetune`` the training loop. ``floors`` is what a simple method reaches, ``scoring`` sums, scores and
intervals. ``curve`` and ``stage`` go over arms, sizes and seeds, ``transfer`` learns from labels in another language,
``calibration`` fits a temperature, ``report`` says what came out, ``predictor`` loads a fine-tuned model.
"""
