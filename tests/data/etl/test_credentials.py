"""Credentials in a URL of raw files stand in no message."""

import pytest

from qml.base.errors import DataError
from qml.data.etl.preparation import Preparation, Reading

pytest.importorskip("pyspark", reason="prepares on Spark")
from qml.data.etl import ColumnRule
from qml.data.etl.reading import _declared
from qml.data.etl.trouble import translated

URL = "s3a://AKIAXYZ:ab/cdSECRET@bucket/raw"


def test_columns_that_are_not_declared():
    asked = Preparation("shops", Reading(URL), [ColumnRule(["size"])], None)
    with pytest.raises(DataError, match="s3a://bucket/raw has columns") as caught:
        _declared(asked, ["size", "age"], URL)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("said", ["AccessDenied", "No FileSystem for scheme s3a", f"IOException: {URL}/a.csv is gone"])
def test_what_spark_says(said):
    text = str(translated(said, "the reading", URL))
    assert "s3a://bucket/raw" in text
    assert "SECRET" not in text
