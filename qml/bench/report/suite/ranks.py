"""Mean ranks of all arms with the critical difference (Demšar, JMLR 7, 1, 2006)."""

from __future__ import annotations

from qml.bench.ranks import Ranking
from qml.bench.report.canvas import Canvas, linear
from qml.bench.report.suite.view import HERO, SuiteView
from qml.bench.report.view import NARROW, WIDE, Figure


def ranks_figure(view: SuiteView) -> Figure | None:
    """Mean ranks with the critical difference; None with fewer than five data sets or three arms."""
    ranking = view.ranking
    if ranking is None:
        return None
    how = (
        "Mean rank over data sets, 1 is best; without the champion, which is one of the others. Arms joined by a "
        "thick bar are not told apart at the 5\u00a0% level "
        "(Nemenyi, "
        f"corrected for all pairs). Friedman test over all arms: p = {ranking.p:.2g} (Iman and Davenport "
        f"{ranking.f_p:.2g}). "
        "It depends on who else is in the diagram, and is the weakest way to compare two arms that were named "
        "beforehand."
    )
    pairs = [f"{p:.2g}" for p in ranking.nemenyi[0, 1:]]
    rows = tuple(
        (view.title(arm), f"{mean:.4g}", p)
        for arm, mean, p in zip(ranking.arms, ranking.mean_ranks, ["–", *pairs], strict=True)
    )
    return Figure("ranks", _ranks_title(view, ranking), how, lambda wide: _ranks(view, ranking, wide), _RANKS, rows)


_RANKS = ("arm", "mean rank", "p against the first (Nemenyi)")


def _ranks_title(view: SuiteView, ranking: Ranking) -> str:
    """Separation, not who is best."""
    best, best_rank = ranking.arms[0], ranking.mean_ranks[0]
    if HERO not in ranking.arms:
        return f"Over {view.n_data} data sets {view.title(best)} ranks {best_rank:.1f} of {len(ranking.arms)}"
    own = ranking.mean_ranks[ranking.arms.index(HERO)]
    gap = own - best_rank
    where = "first" if best == HERO else f"behind the first, {view.title(best)} ({best_rank:.1f})"
    if best != HERO and gap < ranking.critical_difference:
        where = f"not told apart from the first, {view.title(best)} ({best_rank:.1f})"
    return f"Over {view.n_data} data sets the hybrid ranks {own:.1f} of {len(ranking.arms)}, {where}"


def _ranks(view: SuiteView, ranking: Ranking, wide: bool) -> Canvas:
    alt = (
        f"Mean ranks of {len(ranking.arms)} arms on {view.n_data} data sets; critical difference "
        f"{ranking.critical_difference:.2f}: "
        + ", ".join(f"{view.title(a)} {r:.1f}" for a, r in zip(ranking.arms, ranking.mean_ranks, strict=True))
    )
    groups = [(ranking.arms.index(c[0]), ranking.arms.index(c[-1])) for c in ranking.cliques]
    return _classic(view, ranking, groups, alt) if wide else _upright(view, ranking, groups, alt)


def _classic(view: SuiteView, ranking: Ranking, groups: list[tuple[int, int]], alt: str) -> Canvas:
    """Demšar's form: one axis, names left and right, bars for groups."""
    count, row, axis, inset = len(ranking.arms), 21, 52, 212
    lines, body = -(-count // 2), axis + 16 + 10 * len(groups) + 12
    canvas = Canvas(WIDE, body + row * lines + 8, alt)
    x = linear(1, count, inset, WIDE - inset)
    canvas.line(x(1), axis, x(count), axis)
    for value in range(1, count + 1):
        canvas.line(x(value), axis - 5, x(value), axis)
        canvas.text(x(value), axis - 9, value, "t s", "middle")
    _difference(canvas, x(1), x(1 + ranking.critical_difference), 12, ranking)
    for number, (first, last) in enumerate(groups):
        y = axis + 14 + 10 * number
        canvas.line(x(ranking.mean_ranks[first]) - 4, y, x(ranking.mean_ranks[last]) + 4, y, "clique")
    for i, (role, mean) in enumerate(zip(ranking.arms, ranking.mean_ranks, strict=True)):
        left = i < lines
        y = body + row * (i if left else count - 1 - i) + 6
        at = inset - 26 if left else WIDE - inset + 26
        canvas.path([(x(mean), axis), (x(mean), y), (at + (8 if left else -8), y)], "thin")
        canvas.add(view.glyph(role, at, y, 5))
        text = f"{view.title(role)}  {mean:.1f}" if left else f"{mean:.1f}  {view.title(role)}"
        kind = "t b" if role == HERO else "t"
        canvas.text(at + (-12 if left else 12), y + 4, text, kind, "end" if left else "start")
    for role, mean in zip(ranking.arms, ranking.mean_ranks, strict=True):
        canvas.add(view.glyph(role, x(mean), axis, 5, f"{view.title(role)}: mean rank {mean:.2f}"))
    return canvas


def _upright(view: SuiteView, ranking: Ranking, groups: list[tuple[int, int]], alt: str) -> Canvas:
    """One row an arm, groups as upright bars at the right; for phones."""
    count, row, top = len(ranking.arms), 24, 50
    canvas = Canvas(NARROW, top + 12 + row * count, alt)
    right = NARROW - 14 - 12 * len(groups)
    x = linear(1, count, 150, right - 8)
    _difference(canvas, x(1), x(1 + ranking.critical_difference), 10, ranking)
    for value in range(1, count + 1):
        canvas.line(x(value), top - 6, x(value), top + row * count, "hair")
        if count <= 10 or value % 2:
            canvas.text(x(value), top - 12, value, "t s", "middle")
    for i, (role, mean) in enumerate(zip(ranking.arms, ranking.mean_ranks, strict=True)):
        y = top + 10 + row * i
        canvas.add(view.glyph(role, 8, y, 5))
        canvas.text(20, y + 4, view.title(role)[:19], "t b" if role == HERO else "t")
        canvas.line(x(1), y, x(mean), y, "thin")
        canvas.add(view.glyph(role, x(mean), y, 5, f"{view.title(role)}: mean rank {mean:.2f}"))
    for number, (first, last) in enumerate(groups):
        at = right + 8 + 12 * number
        canvas.line(at, top + 2 + row * first, at, top + 18 + row * last, "clique")
    return canvas


def _difference(canvas: Canvas, start: float, end: float, y: float, ranking: Ranking) -> None:
    """The length that tells two arms apart."""
    canvas.interval(start, min(end, canvas.width - 4), y)
    words = f"critical difference {ranking.critical_difference:.2f}"
    beside = min(end, canvas.width - 4) + 8 + 6.2 * len(words) < canvas.width
    if beside:
        canvas.text(end + 8, y + 4, words, "t s")
    else:
        canvas.text(canvas.width - 6, y + 17, words, "t s", "end")
