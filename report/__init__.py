"""What a run leaves to look at: tables, curves, gait pictures, animations, the report page."""
