"""A package so that `tests.bench` means this one, whatever else is called `tests` in site-packages."""
