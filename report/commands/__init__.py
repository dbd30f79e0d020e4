"""What the commands do: arguments, one call, print."""
