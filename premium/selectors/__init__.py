"""What the pages of premium show."""
