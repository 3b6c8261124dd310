"""What Maly costs: `python -m benchmarks` starts the real process tree on 127.0.0.1 and measures it."""
