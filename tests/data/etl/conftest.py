"""One session of Spark for the tests of this folder, since Java takes seconds to start."""

import shutil

import pytest


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("no java on the PATH")
    from qml.data.etl.session import spark_session

    further = {  # what saves seconds on a few hundred rows, where Java compiles longer than it works
        "spark.sql.shuffle.partitions": 1,
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    }
    with spark_session("local[2]", "1g", further, tmp_path_factory.mktemp("spark")) as session:
        yield session
