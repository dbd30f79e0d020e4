"""A robot that moves in a browser while somebody pushes it: `vgps play`."""
