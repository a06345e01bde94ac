"""Stages that are trained by other processes: on this machine, under SLURM, on a Ray cluster, or by several at once.

A worker is given the folder of a run and the name of a stage, and nothing else: the document, the plan and the keys are
read from that folder when it starts, never pickled. It says how far it is in a file of events, which whoever started
it follows. What it has trained lies in the store.
"""
