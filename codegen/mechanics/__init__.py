"""A robot to its symbolic equations of motion (SymPy), and those to functions (CasADi)."""
