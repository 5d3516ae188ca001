"""What a run will take before it begins: text, steps, minutes, memory and disk, each as a range.

``text`` counts what there is to read, ``speed`` times a few real steps on this machine, ``amounts`` says what each
stage has to do, ``cost`` turns that into ranges, ``remarks`` says what will gain little. Decides nothing of a run.
"""
