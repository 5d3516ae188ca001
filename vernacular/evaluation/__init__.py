"""Evaluation of trained models: likelihood, forgetting, behavior, fairness, trigger scan.

No training.

``stages`` declares the stages; each evaluation is a module or package.
"""
