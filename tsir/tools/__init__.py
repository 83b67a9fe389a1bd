"""The command line: `ts-opt` (read, transform and print programs) and `ts-run` (run them)."""
