"""What staff and organizers fill in."""
