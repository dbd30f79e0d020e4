"""Pages that a browser draws from numbers: of a run, and the index of a comparison."""
