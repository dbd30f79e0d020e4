"""Runs on disk: training, demonstrations, and comparisons of many."""
