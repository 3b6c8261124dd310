"""What the pages about payouts, and staff's list of what waits, show."""
