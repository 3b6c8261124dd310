"""The public pages. Each view parses, authorises, asks one service or selector, and chooses a template."""
