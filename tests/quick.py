"""What the default run tries of a parameter's values, where `pytest -m slow` tries all the others."""

import pytest


def quick_ones(values, quick):
    """The values, all but the ``quick`` ones marked as slow."""
    return [v if v in quick else pytest.param(v, marks=pytest.mark.slow) for v in values]
