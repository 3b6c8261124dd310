"""Pages of premium: its price, and what somebody has of it."""
