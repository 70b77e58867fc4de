"""`python -m qml.data`: list the data sets, show one, fetch some, or check those under the data root."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Sequence

from qml.base.errors import ConfigError, QmlError
from qml.data.catalogue import CATALOGUE
from qml.data.describe import describe
from qml.data.fetch.fetching import OFFLINE_VARIABLE
from qml.data.opening import ROOT_VARIABLE, locate, open_table

EPILOG = f"""
The data root is a folder with one folder a set, each holding Parquet files. Name it by the environment
variable {ROOT_VARIABLE} or by --root. digits, breast_cancer, wine and diabetes come with scikit-learn. A set that the
root lacks is fetched from its public home when it is opened, unless {OFFLINE_VARIABLE}=1, or beforehand by `fetch`.

examples:
  python -m qml.data list
  python -m qml.data show mitbih
  {ROOT_VARIABLE}=/data python -m qml.data fetch adult pima
  {ROOT_VARIABLE}=/data python -m qml.data check
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 is well, 1 a set that failed its check, 2 a wrong name."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except QmlError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m qml.data",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="list | show | fetch | check")
    listing = commands.add_parser("list", help="one line a data set")
    listing.set_defaults(run=_list)
    showing = commands.add_parser("show", help="the card of a data set: rows, classes, columns, licence, split, traps")
    showing.add_argument("name")
    showing.set_defaults(run=_show)
    fetching = commands.add_parser("fetch", help="download sets from their public homes into the data root")
    fetching.add_argument("names", nargs="+", metavar="name")
    fetching.add_argument("--root", help=f"the data root (default: the environment variable {ROOT_VARIABLE})")
    fetching.set_defaults(run=_fetch)
    checking = commands.add_parser("check", help="open sets and compare rows, columns and classes with the catalogue")
    checking.add_argument("names", nargs="*", metavar="name", help="by default every set")
    checking.add_argument("--root", help=f"the data root (default: the environment variable {ROOT_VARIABLE})")
    checking.set_defaults(run=_check)
    return parser


def _list(options: argparse.Namespace) -> int:
    width = max(map(len, CATALOGUE))
    for name, entry in CATALOGUE.items():
        classes = len(entry.target.labels) if entry.target and entry.target.labels else ""
        print(f"{name:<{width}}  {entry.rows:>9,}  {classes:>3}  {entry.form:<11}  {entry.title}")
    return 0


def _show(options: argparse.Namespace) -> int:
    print(describe(options.name))
    return 0


def _fetch(options: argparse.Namespace) -> int:
    root = options.root or os.environ.get(ROOT_VARIABLE)
    if not root:
        raise ConfigError(f"fetch needs a data root: give --root=<folder>, or set {ROOT_VARIABLE}.")
    logging.basicConfig(format="%(message)s")  # of other packages warnings alone
    logging.getLogger("qml").setLevel(logging.INFO)
    entries = [CATALOGUE[name] for name in options.names]  # a wrong name is said before anything is downloaded
    width, failed = max(map(len, options.names)), 0
    for entry in entries:
        try:
            folder = "comes with scikit-learn" if entry.built_in else locate(entry, root)
        except QmlError as error:
            failed += 1
            print(f"{entry.name:<{width}}  FAILED  {error}")
        else:
            print(f"{entry.name:<{width}}  ok  {entry.rows:>9,} rows  {folder}")
    print(f"{len(entries) - failed} ok, {failed} failed")
    return 1 if failed else 0


def _check(options: argparse.Namespace) -> int:
    names = options.names or list(CATALOGUE)
    if not options.names and not (options.root or os.environ.get(ROOT_VARIABLE)):
        print(f"{ROOT_VARIABLE} is not set and --root not given: only the sets that need no file are checked.")
        names = [name for name in names if CATALOGUE[name].built_in]
    width = max(map(len, names))
    failed = 0
    for name in names:
        if name not in CATALOGUE:
            CATALOGUE[name]  # raises with the near name
        begun = time.perf_counter()
        try:
            table = open_table(name, options.root, offline=True)  # a check of what is there
        except QmlError as error:
            failed += 1
            print(f"{name:<{width}}  FAILED  {error}")
        else:
            print(f"{name:<{width}}  ok  {len(table):>9,} rows  {time.perf_counter() - begun:6.2f} s")
    print(f"{len(names) - failed} ok, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
