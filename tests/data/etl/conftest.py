"""One session of Spark for the tests of this folder, since Java takes seconds to start."""

import shutil

import pytest


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("no java on the PATH")
    from qml.data.etl.session import spark_session

    further = {"spark.sql.shuffle.partitions": 2, "spark.default.parallelism": 2}
    with spark_session("local[2]", "1g", further, tmp_path_factory.mktemp("spark")) as session:
        yield session
