"""Finished stages by content key, half-trained ones, and who is at work on them.

``output.root/.store`` holds all of it, and any number of processes and machines may share it:

======================  ================================================================================
``stages/ab/abcd.../``  a finished stage; ``stage.json`` names every file with its sha256, and is written last
``work/abcd.../``       of a stage that is not finished: the lease of its worker, the last state of its training
``scratch/``            what is being written; swept when its writer is dead
======================  ================================================================================

Everything is written in ``scratch``, synced, and renamed into place.
"""
