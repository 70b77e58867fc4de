"""Every YAML composes and builds, and what cannot be meant is refused with the near name."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from omegaconf import OmegaConf

from qml import config, schema
from qml.backends import BACKENDS, EXECUTORS
from qml.base.errors import ConfigError
from qml.circuits import CIRCUITS
from qml.data import CATALOGUE
from qml.data.etl import EtlJob
from qml.estimators import BenchmarkJob, HardwareJob, ReportJob, ScalingJob, SuiteJob, SuiteReportJob, TrainJob
from qml.estimators.reproduction import ReproductionJob
from qml.models import FEATURES, MODELS

ROOT = Path(__file__).resolve().parents[2]
CONF = ROOT / "conf"
GIVEN = {"data/own": ["data.make=qml.data:make_source"], "data/named": ["data.name=pima"]}
GIVEN |= {"data/file": ["data.name=shops", "data.file.path=shops.csv", "data.file.target=open"]}
GIVEN |= {"etl/own": ["etl.name=shops", "etl.read.path=raw", "etl.columns=[{names: [size]}]"]}
GIVEN |= {"backend/ibm": ["backend.options.device=ibm_x"]}
GIVEN |= {"noise/snapshot": ["noise.path=stored.json"]}
GIVEN |= {"data/parquet": ["data.options.path=shops"]}
GIVEN |= {"model/features/own": ["model.features.make=qml.models:Mlp"], "backend/own": ["backend.make=qml.a:b"]}
BACKEND = config.choices("backend")
CHOICES = [
    (str(path.parent.relative_to(CONF)), path.stem) for path in sorted(CONF.rglob("*.yaml")) if path.parent != CONF
]


@pytest.mark.parametrize(("group", "name"), CHOICES)
def test_every_choice_is_composed_and_built(group, name):
    group, name = ("recipe", f"{group[7:]}/{name}") if group.startswith("recipe/") else (group, name)
    if group == "etl":
        made = config.build([f"etl={name}", *GIVEN.get(f"etl/{name}", ["etl.read.path=raw"]), "out=prepared"], "etl")
        assert isinstance(made, EtlJob)
        return
    made = config.build([f"{group}={name}", *GIVEN.get(f"{group}/{name}", [])])
    kind = SuiteJob if {"sets", "rates"} & recipe(group, name).keys() else BenchmarkJob
    kind = ScalingJob if made_of_sizes(group, name) else kind
    assert isinstance(made, ReproductionJob if name.startswith("repro/") else kind)


def recipe(group, name):
    return yaml.safe_load((CONF / group / f"{name}.yaml").read_text()) if group == "recipe" else {}


def made_of_sizes(group, name):
    found = recipe(group, name)
    words = [word for entry in found.get("sets", []) for word in entry]
    return "sizes" in found or any(word.startswith("sizes=") for word in words)


ENTRIES = [("benchmark", BenchmarkJob), ("report", ReportJob), ("train", TrainJob), ("hardware", HardwareJob)]


@pytest.mark.parametrize(("entry", "made"), ENTRIES)
def test_every_entry_is_built(entry, made):
    assert type(config.build([], entry)) is made


def test_registries_and_groups_agree():
    assert set(config.choices("model/circuit")) == {*CIRCUITS, "twin"}
    assert set(config.choices("model/features")) == set(FEATURES)
    assert set(config.choices("model")) == set(MODELS)
    from qml.backends import noise

    assert set(config.choices("noise")) == set(noise.NOISES)
    named = {written("backend", name, "executor") for name in BACKEND}
    assert set(BACKENDS) <= named
    assert named - {"own", "engine_gpu"} <= {*EXECUTORS, *BACKENDS}
    made = {written("data", name, "name") for name in config.choices("data")}
    assert {name for name, entry in CATALOGUE.items() if entry.form in ("table", "image", "signal")} <= made


def written(group, name, key):
    """What a file of a group says; that it is composed so is tested above."""
    return yaml.safe_load((CONF / group / f"{name}.yaml").read_text()).get(key)


@pytest.mark.parametrize(("group", "name"), CHOICES)
def test_every_file_lists_its_schema(group, name):
    if group.partition("/")[0] in ("recipe", "hydra"):
        return
    defaults = yaml.safe_load((CONF / group / f"{name}.yaml").read_text())["defaults"]
    assert defaults[0] in schema.SCHEMAS[group]


def test_recipes_say_what_they_claim():
    for path in (CONF / "recipe").rglob("*.yaml"):
        text = path.read_text()
        for word in ("# Claim", "# Command", "# Minutes", "# Expected"):
            assert word in text, f"{path.name} lacks {word}"


def test_a_twin_on_the_command_line_is_the_twin_of_the_named_circuit():
    job = config.build(["model/circuit=twin", "model.twin_of=reupload", "model.circuit.depth=2"])
    assert (job.model.ablation, job.model.circuit.name, job.model.circuit.depth) == ("twin", "reupload", 2)


def test_several_sets_are_a_suite_of_one_job_each():
    suite = config.build(["recipe=smoke", "data.rows=50", "sets=[['data=wine','data.test=0.3'],'data=digits']"])
    assert isinstance(suite, SuiteJob)
    assert [(job.data.name, job.data.rows, job.data.test) for job in suite.jobs] == [
        ("wine", 50, 0.3),
        ("digits", 50, 0.2),
    ]
    assert type(config.build(["recipe=fair_smoke"], "report")) is SuiteReportJob


def test_the_command_line_counts_on_every_set():
    suite = config.build(["recipe=fair_smoke", "data.rows=50", "workers=3", "protocol.seeds=[7]"])
    assert {(job.data.rows, job.workers, tuple(job.protocol.seeds)) for job in suite.jobs} == {(50, 3, (7,))}
    assert len(suite.jobs) == 3


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["recipe=fair_smoke", "data=digits"], "this suite chooses it for each of its sets"),
        (["sets=[[]]"], "must be a list of overrides"),
        (["sets=[wine]"], "must be a list of overrides"),
        (["sets=['data=wien']"], "Did you mean 'wine'"),
        (["sets=['data.rwos=3']"], "Did you mean 'rows'"),
        (["workers=0"], "must be an integer of at least 1"),
        (
            ["sets=['data=wine','data=digits','data=wine']"],
            r"each data set once; it was given \['wine', 'digits', 'wine'\]",
        ),
        (["sets=['data=wine',['data=digits','store=/tmp/a']]"], "share store"),
        (["data=digts"], "Did you mean 'digits'"),
        (["model=hybrd"], "Did you mean 'hybrid'"),
        (["model/circuit=reuplod"], "Did you mean 'reupload'"),
        (["model/circut=sel"], "Did you mean 'model/circuit'"),
        (["recipe=digts"], "Did you mean 'digits'"),
        (["model.circuit.depht=3"], "Did you mean 'depth'"),
        (["data.nme=wine"], "Did you mean 'name'"),
        (["receipe=digits"], "Did you mean 'recipe"),
        (["+model.circuit.depht=3"], "Did you mean 'depth'"),
        (["protocol.trials=many"], "protocol.trials does not fit"),
        (["model=svm", "model/circuit=sel"], "no such part"),
        (["data=named"], "data.name is not given"),
        (["framework=tensorflow"], "Known: jax, torch"),
        (["backend=spsa"], r"'spsa' is not known.* Any other that is registered.* is backend\.executor=spsa\.$"),
        (["model.circuit.name=twin", "model.ablation=frozen"], "Give one of the two"),
        (["model.features._target_=os.system"], "may be named there"),
        (["data.make=subprocess:run"], "may be named there"),
        (["plugins=[no_such_package]"], "no_such_package"),
        (["model._target_=qml.models.Hybird"], "has no 'Hybird'"),
        (["training.learning_rate=-1"], "must be above 0"),
        (["+training.search.learning_rat=[1]"], "Did you mean 'learning_rate'"),
        (["cpu_s=0"], r"'cpu_s' is not known; it stands further in. Say protocol.cpu_s=<value>\.$"),
        (["gibberish=3"], r"'gibberish' is not known\. Known"),
        (["model.n_qubits=3"], r"Say model\.circuit\.n_qubits=<value>"),
        (["data=own"], r"nothing says what is yours\. Say data\.make=package\.module:name"),
        (["backend=own"], r"Say backend\.make=package\.module:name, backend\.executor="),
        (["recipe=repro/perez"], "Did you mean 'perez_salinas'. Known: alvarez_qsvm, .*hur_qcnn"),
        (["noise=fake_manilla"], "Did you mean 'fake_manila'"),
        (["backend=ibm"], r"backend\.options\.device is not given"),
        (["noise=snapshot"], r"Say noise\.path=FILE"),
        (["backend.jobs.pth=x"], "Did you mean 'path'"),
        (["mitigation=readout"], r"mitigation takes a list\. Say mitigation=\[readout\]"),
        (["backend=own", "backend.make=qml.a:b", "shots=5"], "shots was asked of qml.a:b"),
        (["data=hedgehog"], r"The nearest of \d+: .*All are listed by `python -m experiments.benchmark --help`"),
        (["arms=removed"], r"arms takes a list\. Say arms=\[removed\]"),
        (["protocol.seeds=0"], r"protocol\.seeds takes a list\. Say protocol\.seeds=\[0\]"),
        (["+model.circuit.search.n_qubits=[2]"], "key of model.circuit 'search' is not known"),
        (
            ["data=parquet", "data.options.path=a", "data.options.tarket=b"],
            r"Did you mean 'target'\? .*\+data\.options\.",
        ),
        (["protocol.floors.svm=0.9"], r"no key 'svm' yet\. Add one with a plus: \+protocol\.floors\.svm"),
        (
            ["sets=[['data=wine','data=digits']]"],
            r"data twice \(wine, digits\).*sets=\[\['data=wine'\],\['data=digits'\]\]",
        ),
        (
            ["sets=[['data=wine','data.rows=5','data.rows=6']]"],
            r"sets\[0\] gives data\.rows twice \(5, 6\)\. Give it once",
        ),
    ],
)
def test_bad_input_is_refused(overrides, message):
    with pytest.raises(ConfigError, match=message):
        config.build(overrides)


def test_a_misspelt_key_in_a_file_is_refused(tmp_path, monkeypatch):
    for path in CONF.rglob("*.yaml"):
        target = tmp_path / path.relative_to(CONF)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text())
    with open(tmp_path / "model/circuit/sel.yaml", "a") as file:
        file.write("depht: 3\n")
    (tmp_path / "recipe/mine.yaml").write_text("# @package _global_\nprotocol:\n  sedes: [1]\n")
    monkeypatch.setattr(config.files, "folder", lambda: tmp_path)
    with pytest.raises(ConfigError, match="Did you mean 'depth'"):
        config.build([])
    with pytest.raises(ConfigError, match="Did you mean 'seeds'"):
        config.build(["model/circuit=iqp", "recipe=mine"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: a\nread: {path: ???}\n", "line 2, column 14: expected the node content, but found '?'.*in quotes"),
        ("read: {path: raw\ncolumns: []\n", "line 2, column 8: expected ',' or '}', but got ':'.*begins in line 1"),
        ("name: a\nname: b\n", "line 2, column 1: found duplicate key name.*Give it once"),
        ("name: \x00\n", "shops.yaml.*Take it out"),
    ],
)
def test_a_file_that_is_no_yaml_is_told_with_its_line(text, said, tmp_path):
    (tmp_path / "etl").mkdir()
    (tmp_path / "etl" / "shops.yaml").write_text(text)
    with pytest.raises(ConfigError, match=said) as caught:
        config.compose([f"hydra.searchpath=[file://{tmp_path}]", "etl=shops", "out=prepared"], "etl")
    assert str(tmp_path / "etl" / "shops.yaml") in str(caught.value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["+etl.split.foo=1"], r"^key of etl\.split 'foo' is not known"),
        (["+foo=1"], r"^key of the configuration 'foo' is not known"),
        (["memory=4"], r"^memory=4 was asked for; .*Say memory=4g\."),
    ],
)
def test_what_an_etl_cannot_take_is_named_as_it_was_given(words, said):
    with pytest.raises(ConfigError, match=said):
        config.build(["etl=kddcup99", "etl.read.path=raw", "out=prepared", *words], "etl")


def test_the_class_of_what_was_built_is_checked():
    with pytest.raises(ConfigError, match="must build a BenchmarkJob"):
        config.built(OmegaConf.create({"_target_": "qml.models.spec.Head"}), "benchmark")


@pytest.mark.parametrize(
    ("entry", "arguments", "message"),
    [
        ("benchmark", ["recipe=digts"], "Did you mean 'digits'"),
        ("train", ["model.circuit.depht=2"], "Did you mean 'depth'"),
        ("report", ["store=/nowhere/at/all"], "Error"),
    ],
)
def test_the_command_line_says_it_in_one_paragraph(entry, arguments, message, tmp_path):
    command = [sys.executable, "-m", f"experiments.{entry}", *arguments, f"hydra.run.dir={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode != 0
    assert message in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


def test_words_cross_the_backend_of_every_entry():
    words = ["backend=aer", "noise=fake_lagos", "shots=7", "mitigation=[readout,{zne:{scales:[1,3]}}]"]
    for entry in ("train", "benchmark", "report", "hardware"):
        backend = config.build([*words, "backend.jobs.path=here"], entry).backend
        assert (backend.executor, backend.noise.name, backend.shots) == ("aer", "fake_lagos", 7)
        assert backend.mitigation == ("readout", {"zne": {"scales": [1, 3]}})
        assert backend.jobs == (("path", "here"),)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("rates.falt=x", "key of rates 'falt' is not known. Did you mean 'fault'"),
        ("rates.fault=missing", "rates.fault=missing was given; rates is null here"),
        ("rates={fault:missing}", "rates={fault:missing} was given; rates is null here"),
        ("data.file.pat=x", "key of data.file 'pat' is not known. Did you mean 'path'"),
    ],
)
def test_a_key_below_one_that_is_null_is_told(line, said):
    with pytest.raises(ConfigError, match=re.escape(said)):
        config.compose([line])
