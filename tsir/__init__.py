"""The public API of tsir, and nothing else."""
