"""The demo's people, events and orders, made by the product's own services and the Stripe sandbox.

Everything is looked up before it is made, so that seeding twice changes nothing.
"""
