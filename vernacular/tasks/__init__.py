"""Downstream tasks, fine-tuned on base, control and adapted with equal budgets and seeds.

``base`` is the interface of a kind of task; the kinds are ``token_classification``,
``sequence_classification``, ``sentence_pairs``, ``question_answering``, ``sentence_retrieval`` and
``generation``. Items come from ``labeled_items`` (manual labels) or ``weak_labels`` (derived from
the text). ``adapter_model`` is a body with a head, ``classifier`` wraps transformers' classifiers,
``head_init`` initializes heads, ``finetune`` trains, ``calibration`` fits the temperature.
``baselines`` need no pretrained model; ``scoring`` has scores and intervals; ``transfer`` trains in
another language.
"""
