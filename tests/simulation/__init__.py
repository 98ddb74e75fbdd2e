"""Many processes on one store, all of it simulated but the engine: time, stores and their faults, callers.

Everything comes from one seed, so what has failed once can be seen again: `python -m tests.simulation --seed N`.
"""
