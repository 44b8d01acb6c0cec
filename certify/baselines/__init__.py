"""Cheaper readers: what the label can be had for without listening to the model.

A monitor that does no better than these has shown nothing beyond reading the text. They are fitted on the train rows and
frozen before the test rows exist, like the monitors: `freezing.freeze_all`. A test scores its rows with them
(`readers.load`), `certify.compared` counts, and `certify.rungs` gives the verdict. Nothing is imported here, so that
verdicts can be derived again without loading a model.
"""
