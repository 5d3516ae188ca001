"""What is measured of a trained model: likelihood, forgetting, behavior, fairness, planted phrases. Never trains.

``stages`` declares the stages; each measurement is in a module or package of its own.
"""
