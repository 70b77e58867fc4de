"""What both pages are built of: the document around the sections, headings, the verdict box, numbered figures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib import resources

from qml.bench.report.canvas import esc
from qml.bench.report.view import Figure
from qml.bench.words import STRIP, State

Sections = tuple[tuple[str, str], ...]


class Numbered:
    """The figures of a page by section, numbered in the order in which they are asked for.

    Args:
        figures: by section.
    """

    def __init__(self, figures: Mapping[str, Sequence[Figure]]):
        self._figures, self._drawn = figures, 0

    def __call__(self, section: str) -> str:
        """The figures of a section as HTML."""
        drawn = ""
        for figure in self._figures[section]:
            self._drawn += 1
            drawn += figure.html(self._drawn)
        return drawn


def document(title: str, description: str, sections: Sections, body: str) -> str:
    """A whole page around its sections: style, script, navigation; one file that needs nothing else."""
    links = "".join(f'<a href="#{anchor}">{name}</a>' for anchor, name in sections)
    text = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{esc(title)}</title><meta name="description" content="{esc(description)}">'
        f"<style>{asset('style.css')}</style></head><body>\n"
        '<a class="skip" href="#verdict-h">Skip to the verdict</a>\n'
        f'<nav aria-label="Sections"><div class="page">{links}'
        '<button id="theme" type="button">Light / dark</button></div></nav>\n'
        f'<main class="page">\n{body}'
        "<footer>Self-contained page: no network, no external fonts. Each figure carries its "
        "data.</footer></main>\n"
        f'<div id="tip" role="status"></div>\n<script>{asset("page.js")}</script></body></html>\n'
    )
    return re.sub(r"(\d) %", "\\1\u00a0%", text)


def heading(number: int, text: str) -> str:
    """A numbered section heading."""
    return f'\n<h2 id="s{number}"><span class="no">{number}</span>{esc(text)}</h2>\n'


def bold(text: str) -> str:
    """Escaped text with `**...**` set in bold."""
    return re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", esc(text))


def header(over: str, key: str, title: str, alarm: str) -> str:
    """Top of a page; failures stand above everything else.

    Args:
        over: what this is, as HTML.
        key: of its terms.
        title: of the page.
        alarm: what failed, or nothing.
    """
    said = f'<p class="trial">{bold(alarm)} See the <a href="#s6">findings</a>.</p>' if alarm else ""
    return f'<header><p class="over">{over} <code>{key}</code></p><h1>{esc(title)}</h1>{said}</header>\n'


def verdict_section(question: str, headline: str, said: tuple[str, str], shown: str, limits: str) -> str:
    """The answer first: headline, a sentence, a second in small; what is `shown`; what it does not say."""
    return (
        f'<section class="verdict" aria-labelledby="verdict-h"><p class="q">1&ensp;{question}</p>'
        f'<h2 class="v" id="verdict-h">{esc(headline)}</h2>'
        f'<p class="lede">{bold(said[0])}</p><p class="sub">{bold(said[1])}</p>{shown}'
        f'<h3>What this does not say</h3><p class="sub">{limits}</p></section>\n'
    )


def strip(reached: State | None) -> str:
    """All possible verdicts, the one reached marked; None marks none."""
    marked = "".join(
        f"<li{' class=on aria-current=true' if reached in states else ''}>{text}</li>" for states, text in STRIP
    )
    label = "the one reached is marked" if reached else "none was reached"
    return f'<ol class="states" aria-label="Possible verdicts; {label}">{marked}</ol>'


def key_facts(facts: Sequence[tuple[str, str, str]]) -> str:
    """Triples of number, unit and what it is."""
    shown = "".join(
        f"<div><dt>{esc(what)}</dt><dd>{esc(number)} <small>{esc(unit)}</small></dd></div>"
        for number, unit, what in facts
    )
    return f'<dl class="facts">{shown}</dl>'


def asset(name: str) -> str:
    """A style sheet or script that lies beside this file."""
    return resources.files("qml.bench.report").joinpath(name).read_text(encoding="utf-8")
