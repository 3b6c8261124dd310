"""A stand-in for Stripe's API, hosted pages, money and webhooks, for demos and tests; no real money moves."""
