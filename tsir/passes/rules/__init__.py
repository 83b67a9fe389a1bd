"""Rewrite rules: how they are written (`terms.py`), applied (`engine.py`), and the tables of tsir's own."""
