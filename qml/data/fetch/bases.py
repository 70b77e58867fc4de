"""Where the public homes stand on the web, and how an environment variable names another place for them."""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Mapping

from qml.data.catalogue import Home

BASES: Mapping[str, tuple[str, str]] = {
    "uci": ("QML_UCI_URL", "https://archive.ics.uci.edu"),
    "openml": ("QML_OPENML_URL", "https://www.openml.org"),
    "hub": ("HF_ENDPOINT", "https://huggingface.co"),
}
"""Home -> the environment variable that names a mirror of it, and its own address."""


def base_of(kind: str) -> str:
    """The address of a home, without a slash at its end.

    Example:
        >>> base_of("openml").startswith("http")
        True
    """
    variable, own = BASES[kind]
    return (os.environ.get(variable) or own).rstrip("/")


def at_base(kind: str, url: str) -> str:
    """`url`, which a home gave of itself, at the mirror that is in use; any other address as it is.

    Example:
        >>> at_base("hub", "https://elsewhere.org/file")
        'https://elsewhere.org/file'
    """
    own = urllib.parse.urlsplit(BASES[kind][1])
    given = urllib.parse.urlsplit(url)
    bare = given.netloc.removeprefix("www.").removeprefix("api.")
    if bare != own.netloc.removeprefix("www."):
        return url
    return f"{base_of(kind)}{given.path}" + (f"?{given.query}" if given.query else "")


def shown_home(home: Home) -> str:
    """Where a set is fetched from, in words, with the address that is in use.

    Example:
        >>> from qml.data.catalogue import CATALOGUE
        >>> shown_home(CATALOGUE["pima"].fetch)
        'OpenML 37 (https://www.openml.org)'
    """
    titles = {"uci": "the UCI repository", "openml": f"OpenML {home.address}", "hub": "the Hugging Face hub"}
    place = {
        "uci": f"{base_of('uci')}/static/public/{home.address}",
        "openml": base_of("openml"),
        "hub": f"{base_of('hub')}/datasets/{home.address}",
    }
    return f"{titles[home.kind]} ({place[home.kind]})"
