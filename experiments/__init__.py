"""Runs on disk: training, and comparisons of many."""
