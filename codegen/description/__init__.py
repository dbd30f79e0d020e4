"""YAML to a validated robot, every mistake with its place in the file."""
