"""The reference: Django with one indexed SELECT and a page, and with the reservation's SQL alone."""
