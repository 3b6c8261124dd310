"""What organizers do with their events."""
