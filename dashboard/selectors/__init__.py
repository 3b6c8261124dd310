"""What the organizer's pages show, each read in one go."""
