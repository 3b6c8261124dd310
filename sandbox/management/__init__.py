"""Django management of the sandbox."""
