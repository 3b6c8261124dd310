"""Balance, payout schedule, payouts and statements over the API."""
