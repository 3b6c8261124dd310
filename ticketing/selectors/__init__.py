"""What the pages read: each function takes a fixed number of statements, however much there is."""
