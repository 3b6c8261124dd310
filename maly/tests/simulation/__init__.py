"""A simulated marketplace: buyers, organizers, staff, banks and Stripe, played by hypothesis against the product."""
