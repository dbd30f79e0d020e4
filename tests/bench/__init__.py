"""Benchmarks: each row is one piece of work, ours beside a peer's in the same process.

`run.py bench` imports this package from the source tree, and nothing but the benchmarks may need
the peers: a module imports its peer where it builds the peer's side, never at its top.
"""
