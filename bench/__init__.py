"""Benchmarks: each row is one piece of work, ours beside a peer's in the same process.

Nothing else may need the peers: a module imports its peer where it builds the peer's side, never at
its top.
"""
