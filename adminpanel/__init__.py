"""Platform staff's pages. Staff work in the Django admin (`/staff/`) for now."""
