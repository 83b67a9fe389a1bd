"""Shrinking IR while something keeps failing on it: what is tested, how IR can become smaller, and in which order that is tried."""
