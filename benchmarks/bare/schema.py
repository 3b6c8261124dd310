"""The tables of the reference application."""

SCHEMA = """
CREATE TABLE event (id serial PRIMARY KEY, slug text UNIQUE, title text, venue text);
CREATE TABLE ticket_type (id serial PRIMARY KEY, capacity int, held int DEFAULT 0, sold int DEFAULT 0,
    CHECK (held >= 0 AND sold >= 0 AND held + sold <= capacity));
CREATE TABLE orders (id serial PRIMARY KEY, code text UNIQUE, email text, amount bigint, created_at timestamptz);
CREATE TABLE order_line (id serial PRIMARY KEY, orders int REFERENCES orders, ticket_type int, quantity int);
INSERT INTO event (slug, title, venue) SELECT 'event-' || n, 'Night Market ' || n, 'The Old Ropeworks'
    FROM generate_series(1, 1000) n;
INSERT INTO ticket_type (capacity) VALUES (10000000);
"""
