"""A purse: what is refused, what is counted, and prices from a file."""

import json
from dataclasses import replace

import pytest

from qml.backends.backend import Limits
from qml.backends.jobs import Budget, DryRunError, GuardedBackend, StoredBackend
from qml.backends.jobs.book import requests_like, totals
from qml.backends.jobs.costs import Totals, settled, total, without
from qml.backends.jobs.database import opened
from qml.backends.jobs.prices import Prices, read_prices
from qml.backends.remote import BillingBackend, Cost, Request
from qml.base.errors import BudgetError, ConfigError, JobError, PendingJobError
from tests.backends.jobs.made import PROGRAM, SLOTS_RS, program
from tests.servers.machine import FileBackend


def sums(rig):
    with opened(rig.store, make=False) as database:
        found = totals(database)
    return found.spent.executions, found.reserved.executions


def test_an_estimate_needs_no_machine_and_names_its_prices(rig):
    estimate = rig.backend(Budget()).estimate(PROGRAM, SLOTS_RS, shots=200, seed=1)
    assert str(estimate) == (
        f"1 job: 3 circuits, 600 executions, 0.6 s, 0.6 USD (1 ms a shot; example prices of {read_prices().date})"
    )
    assert rig.machine.asked() == {}
    rig.run()
    assert str(rig.backend().estimate(PROGRAM, SLOTS_RS, shots=200, seed=1)).startswith("nothing to send")


def test_the_estimate_is_logged_before_anything_is_sent(rig, caplog):
    caplog.set_level("INFO", "qml")
    with pytest.raises(DryRunError, match=r"1 job\(s\) of 3 circuits, 600 executions.*Nothing was sent"):
        rig.run(dry_run=True)
    assert "files/files: 1 job(s), estimated: 3 circuits, 600 executions, 0.6 s, 0.6 USD" in caplog.text
    assert rig.machine.asked() == {}
    assert sums(rig) == (0, 0)
    rig.run()
    rig.run(dry_run=True)  # what is in the store is answered
    with pytest.raises(DryRunError):
        rig.run(dry_run=True, seed=2)
    guarded = GuardedBackend(FileBackend(rig.machine.folder), dry_run=True)
    with pytest.raises(DryRunError):
        guarded.submit(Request(PROGRAM, SLOTS_RS, 200, 1), "qml-x")
    assert len(rig.machine.jobs()) == 1


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        (Budget(executions=1199), r"600 executions beside 600 executions spent and 0 executions reserved.*of 1199"),
        (Budget(amount=1.0), r"0.6 USD beside 0.6 USD spent.*of a budget of 1 USD"),
        (Budget(seconds=1.0), r"0.6 s beside 0.6 s spent"),
        (Budget(amount=9.0, currency="EUR"), "is known in USD only"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_numbers(rig, budget, message):
    rig.run(budget=Budget())
    with pytest.raises(BudgetError, match=message):
        rig.run(budget=budget, seed=2)
    assert len(rig.machine.jobs()) == 1
    assert sums(rig) == (600, 0)
    rig.run(budget=Budget(executions=1200), seed=2)
    assert sums(rig) == (1200, 0)


def test_what_waits_is_reserved(rig):
    rig.machine.reset("stuck")
    with pytest.raises(PendingJobError):
        rig.run(budget=Budget(), deadline_s=0.05)
    assert sums(rig) == (0, 600)
    with pytest.raises(BudgetError, match="beside 0 executions spent and 600 executions reserved"):
        rig.run(budget=Budget(executions=1000), seed=2)
    rig.machine.heal()
    rig.run(budget=Budget(executions=1000))
    assert sums(rig) == (600, 0)


def test_a_cut_request_is_reserved_whole_or_not_at_all(rig):
    member = FileBackend(rig.machine.folder, limits=Limits(circuits=1))
    with pytest.raises(BudgetError, match="600 executions beside 0"):
        rig.run(budget=Budget(executions=500), member=member)
    assert rig.machine.jobs() == []


def test_a_job_cancelled_without_cost_gives_its_money_back(rig):
    rig.machine.reset("cancelled")
    with pytest.raises(JobError):
        rig.run(budget=Budget())
    assert sums(rig) == (0, 0)


class Silent:
    """A member that does not tell what a job took that brought nothing."""

    def __init__(self, inner):
        self.inner = inner

    def __getattr__(self, name):
        if name == "billed":
            raise AttributeError(name)
        return getattr(self.inner, name)


def test_a_machine_that_does_not_tell_counts_with_the_estimate(rig):
    silent = Silent(FileBackend(rig.machine.folder))
    assert not isinstance(silent, BillingBackend)
    rig.machine.reset("cancelled")
    with pytest.raises(JobError):
        rig.run(budget=Budget(), member=silent)
    assert sums(rig) == (600, 0)


def test_a_price_of_your_own(rig, tmp_path):
    mine = tmp_path / "prices.json"
    row = {"provider": "FILES", "target": "f*", "per_job": 2, "per_circuit": 0.5}
    mine.write_text(json.dumps({"date": "2030-01-02", "currency": "EUR", "prices": [row]}))
    estimate = rig.backend(Budget(), prices=str(mine)).estimate(PROGRAM, SLOTS_RS, shots=200, seed=1)
    assert "3.5 EUR (1 ms a shot; prices of 2030-01-02)" in str(estimate)
    rig.run(budget=Budget(amount=4, currency="EUR"), prices=str(mine))
    with pytest.raises(BudgetError, match=r"3.5 EUR beside 3.5 EUR spent"):
        rig.run(budget=Budget(amount=4, currency="EUR"), prices=str(mine), seed=2)


def test_a_machine_without_a_price_is_refused_by_a_budget_of_money(tmp_path, rig):
    mine = tmp_path / "prices.json"
    mine.write_text(json.dumps({"date": "2030-01-02", "currency": "USD", "prices": []}))
    with pytest.raises(BudgetError, match=r"is not known. Nothing was sent. Give prices"):
        rig.run(budget=Budget(amount=4), prices=str(mine))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ("{}", "needs a date and a currency"),
        ('{"date": "x", "currency": "USD"}', "needs a list"),
        ('{"date": "x", "currency": "USD", "prices": [{"provider": "a", "target": "b"}]}', "needs some of per_job"),
        (
            '{"date": "x", "currency": "USD", "prices": [{"provider": "a", "target": "b", "per_shot": 1}]}',
            "knows no .'per_shot'.",
        ),
        (
            '{"date": "x", "currency": "USD", "prices": [{"provider": "a", "target": "b", "per_job": -1}]}',
            "0 or more",
        ),
    ],
)
def test_a_bad_file_of_prices_is_told(tmp_path, text, message):
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(ConfigError, match=message):
        GuardedBackend(FileBackend("x"), prices=str(tmp_path / "p.json"))


def test_costs_add_up_and_the_bill_counts_where_it_speaks():
    assert total([Cost(1, 2), Cost(1, 3, seconds=1.0)]).seconds is None
    with pytest.raises(ConfigError, match="EUR and USD"):
        total([Cost(1, 1, amount=1.0), Cost(1, 1, amount=1.0, currency="EUR")])
    estimate = Cost(2, 20, 3.0, 4.0)
    assert settled(None, estimate).amount == 4.0
    assert settled(Cost(2, 18, amount=3.5), estimate) == Cost(2, 18, 3.0, 3.5)
    with pytest.raises(ConfigError, match="amount=-1"):
        Budget(amount=-1)
    assert Prices("d", "USD", ()).priced(estimate, "a", "b") is estimate


def test_an_estimate_makes_no_file(rig):
    backend = rig.backend(budget=Budget(executions=5000))
    assert backend.estimate(PROGRAM, SLOTS_RS, shots=200, seed=1).total.executions == 600
    assert not (rig.folder / "jobs.sqlite").exists()
    backend.run(PROGRAM, SLOTS_RS, shots=200, seed=1)
    assert backend.estimate(PROGRAM, SLOTS_RS, shots=200, seed=1).jobs == ()


def test_a_row_of_requests_is_asked_of_the_budget_together(rig):
    backend = rig.backend(budget=Budget(executions=1200))
    requests = [Request(PROGRAM, SLOTS_RS, 200, seed) for seed in (1, 2)]
    keys = [backend.key(request) for request in requests]
    whole = total(backend.takes(request).total for request in requests)
    assert whole.executions == 1200
    backend.allow(whole, lambda database: keys)
    assert not (rig.folder / "jobs.sqlite").exists()
    rig.run(seed=1)
    assert backend.takes(requests[0]).total.executions == 600  # also once it is in the store
    backend.allow(whole, lambda database: keys)  # what is done is not asked for again
    with pytest.raises(BudgetError, match="1200 executions beside 600 executions spent"):
        backend.allow(whole, lambda database: [])
    rig.machine.reset("stuck")
    with pytest.raises(PendingJobError):
        rig.run(seed=3, deadline_s=0.05)
    with pytest.raises(BudgetError, match="600 executions beside 600 executions spent and 600 executions reserved"):
        backend.allow(whole, lambda database: keys)
    rig.backend(budget=Budget()).allow(whole, lambda database: 1 / 0)  # without a bound nobody is asked


def test_requests_of_the_same_circuit(rig):
    rig.run(seed=1)
    rig.run(seed=2, slots=SLOTS_RS + 1)
    rig.run(seed=2, shots=10)
    rig.run(seed=2, asked=program(("Z", "X")))
    backend = rig.backend()
    keys = {backend.key(Request(PROGRAM, slots, 200, seed)) for slots, seed in ((SLOTS_RS, 1), (SLOTS_RS + 1, 2))}
    with opened(rig.store) as database:
        assert {*requests_like(database, "files", backend.target, [PROGRAM], 200)} == keys
        assert requests_like(database, "others", backend.target, [PROGRAM], 200) == ()
        assert requests_like(database, "files", replace(backend.target, name="x"), [PROGRAM], 200) == ()


def test_what_is_left_of_a_cost():
    whole = Cost(4, 40, 2.0, 4.0)
    assert without(whole, [Cost(9, 90, 9.0, 9.0)]) == Cost(0, 0, 0.0, 0.0)
    assert without(whole, [Cost(1, 10, None, 1.0, currency="EUR")]) == Cost(3, 30, 2.0, 4.0)
    assert without(Cost(1, 1), [Cost(1, 1, 1.0, 1.0)]) == Cost(0, 0)


@pytest.mark.parametrize("bound", ["5", True, float("nan"), -1])
def test_a_budget_is_a_number(bound):
    with pytest.raises(ConfigError, match="a number from 0 on"):
        Budget(amount=bound)


def test_what_is_no_number_does_not_fit():
    none = Totals(Cost(0, 0, 0.0, 0.0), Cost(0, 0, 0.0, 0.0))
    with pytest.raises(BudgetError):
        Budget(seconds=1.0).check(Cost(1, 1, seconds=float("nan")), none, "files")


def test_closing_reaches_the_machine():
    closed = []

    class Holding:
        provider = "me"

        def close(self):
            closed.append(1)

    StoredBackend(GuardedBackend(Holding()), "jobs.sqlite").close()
    assert closed == [1]
    StoredBackend(GuardedBackend(object()), "jobs.sqlite").close()
