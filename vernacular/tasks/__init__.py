"""Downstream tasks, fine-tuned on base, control and adapted with the same budget and the same seeds.

``base`` is the interface of a kind of task; the kinds are ``token_classification``, ``sequence_classification``,
``sentence_pairs``, ``question_answering``, ``sentence_retrieval`` and ``generation``. Items come from
``labeled_items`` (what people labeled) or ``weak_labels`` (derived from the text). ``adapter_model`` is a body with
a head, ``classifier`` the classifiers of transformers, ``head_init`` where a head starts, ``finetune`` the
training, ``calibration`` its temperature. ``baselines`` need no pretrained model; ``scoring`` has sums, scores and
intervals; ``transfer`` learns in another language.
"""
