"""Named points at commits and Stripe calls where a test may kill the process. Inert everywhere else."""

from collections.abc import Callable

_hook: Callable[[str], None] | None = None


def crash_point(name: str) -> None:
    """Tell the test's hook, if one is installed, that the code has reached `name`."""
    if _hook is not None:
        _hook(name)


def install_hook(hook: Callable[[str], None] | None) -> None:
    """Install what a test wants done at each crash point; None takes it away."""
    global _hook
    _hook = hook
