"""One module per noun of Stripe's API: the object's shape, its calls, and what happens to it."""

import importlib
import pkgutil


def load_all() -> None:
    """Import every module of this package, so that its calls, works and expansions are registered."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
