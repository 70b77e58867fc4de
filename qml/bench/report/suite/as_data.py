"""The report of a suite as plain data."""

from __future__ import annotations

from typing import Any

from qml.bench.across import Contrast, all_pairs
from qml.bench.posterior import bayesian_signed_rank
from qml.bench.report.as_data import number, spoken
from qml.bench.report.suite import sentences
from qml.bench.report.suite.content import SuiteContent
from qml.bench.report.suite.view import SuiteView

KIND, VERSION = "qml suite report", 1


def suite_json(content: SuiteContent) -> dict[str, Any]:
    """The whole report; numbers in units of the metric, None for what is not known.

    Returns:
        `suite` with its `hash`, `verdict`, `scores`, `contrasts`, `ranking`, `posteriors` of every pair of arms,
        `sets`, `findings` and `tables`; `growth` where the sets were compared at several numbers of training rows.
    """
    view = content.view
    grown = {} if content.part is None else {"growth": content.part.to_json()}
    return {
        "kind": KIND,
        "version": VERSION,
        "suite": {"hash": view.suite.hash, **view.suite.to_json()},
        "verdict": {
            "state": sentences.state(view),
            "headline": sentences.headline_text(view),
            "sentences": [spoken(text) for text in (sentences.lede(view), sentences.by_set(view))],
        },
        "scores": _scores(view),
        "contrasts": [_contrast(view, c) for c in view.contrasts],
        "ranking": _ranking(view),
        "posteriors": _posteriors(view),
        "left_out": [{"arm": arm, "why": why} for arm, why in view.table.left_out],
        "not_judged": [{"contrast": pair, "why": why} for pair, why in sentences.dropped(view)],
        "sets": [
            {
                "data": row.data,
                "protocol_hash": summary.protocol.hash,
                "state": summary.state,
                "headline": row.headline,
                "hybrid": number(row.hero),
                "report": f"{row.folder}/report.json",
            }
            for row, summary in zip(content.sets, view.summaries, strict=True)
        ],
        "findings": [{"data": data, **finding.to_json()} for data, finding in content.told],
        "tables": {t.name: {"columns": list(t.columns), "rows": [list(row) for row in t.rows]} for t in content.tables},
        **grown,
    }


def _scores(view: SuiteView) -> dict[str, Any]:
    scores = view.table.scores
    return {
        "metric": view.suite.rank,
        "higher_is_better": scores.higher_is_better,
        "data": list(scores.data),
        "arms": {arm: [number(float(v)) for v in scores.column(arm)] for arm in scores.arms},
        "titles": {arm: view.title(arm) for arm in scores.arms},
    }


def _contrast(view: SuiteView, c: Contrast) -> dict[str, Any]:
    lo, hi = c.interval
    return {
        "arm": c.arm,
        "against": c.against,
        "word": c.word,
        "sentence": sentences.contrast_text(view, c).replace("\u00a0", " "),
        "differences": [number(v) for v in c.differences],
        "mean": number(c.mean),
        "median": number(c.median),
        "lo": number(lo),
        "hi": number(hi),
        "p": number(c.test.p),
        "p_holm": number(c.p),
        "rank_biserial": number(c.effect),
        "standardised": number(c.standardised),
        "posterior": [number(p) for p in c.posterior],
        "smallest_visible": number(c.visible),
    }


def _ranking(view: SuiteView) -> dict[str, Any] | None:
    ranking = view.ranking
    if ranking is None:
        return None
    return {
        "arms": list(ranking.arms),
        "mean_ranks": [number(r) for r in ranking.mean_ranks],
        "critical_difference": number(ranking.critical_difference),
        "cliques": [list(group) for group in ranking.cliques],
        "friedman_p": number(ranking.p),
        "iman_davenport_p": number(ranking.f_p),
    }


def _posteriors(view: SuiteView) -> list[dict[str, Any]]:
    """Every pair of arms once, the first against the second; an exploration but for the contrasts."""
    scores, rope = view.table.scores, view.suite.rope
    found = []
    for arm, against in all_pairs(scores.arms):
        post = bayesian_signed_rank(scores.differences(arm, against), rope)
        found.append({"arm": arm, "against": against, "worse": post.below, "equal": post.inside, "better": post.above})
    return found
