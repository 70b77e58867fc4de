"""`python -m benchmarks.peers`: make the environments of the peers that are not installed with the project."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence

from benchmarks.peers import NAMES, peer_named
from benchmarks.peers.environments import folder, make, missing, names


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the number of environments that are wanted and missing."""
    options = _options(arguments)
    if options.list:
        for name in NAMES:
            peer = peer_named(name)
            print(f"{name:22}{peer.title:52}{missing(peer.environment) or 'installed'}")
        return 0
    wanted = options.environments or names()
    failed = 0
    print(f"environments lie in {folder()}")
    for name in wanted:
        if missing(name) is None and not options.anew:
            print(f"{name}: already made", flush=True)
            continue
        print(f"{name}: ...", flush=True)
        reason = make(name)
        failed += reason is not None
        print(f"{name}: {'made' if reason is None else 'not made: ' + reason}", flush=True)
    print(f"{shutil.disk_usage(folder()).free / 2**30:.0f} GiB left on that disk")
    return failed


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers",
        description="Make the environments of peers: a virtual environment and pinned packages for each file of "
        "benchmarks/peers/requirements. They lie under QML_PEERS_DIR (default: ~/.cache/qml-hybrid/peers) and take "
        "about 1 GB each. A peer whose environment could not be made says why in the table of benchmarks.step.",
        epilog="Exit status 0 means that all were made. pip's own variables (PIP_INDEX_URL, ...) are honoured.",
    )
    parser.add_argument("environments", nargs="*", metavar="NAME", help=f"default: all of {', '.join(names())}")
    parser.add_argument("--list", action="store_true", help="say which peers are installed, make nothing")
    parser.add_argument("--anew", action="store_true", help="make those that exist again")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
