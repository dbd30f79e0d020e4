"""From a robot file to compiled dynamics: `description`, `mechanics`, `emission`, then `build`."""
