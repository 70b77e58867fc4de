"""What is shown of a URL holds no credential, and what is no credential stays."""

import pytest

from qml.base.addresses import addresses_in, holds_credentials, masked, secrets_of, shown

HOLDING = {
    "s3://AKIAXYZ:SECRET@bucket/rows": "s3://bucket/rows",
    "s3://AKIAXYZ:ab/cdSECRET@bucket/rows": "s3://bucket/rows",
    "s3a://AKIAXYZ:a+b/c?d=SECRET@bucket/part-*.csv": "s3a://bucket/part-*.csv",
    "https://SECRET@host.org:8080/a.zip": "https://host.org:8080/a.zip",
    "https://host/rows.parquet?X-Amz-Signature=SECRET&X-Amz-Expires=60": "https://host/rows.parquet",
    "https://account.blob.core.windows.net/c/a?sv=2024&sig=SECRET%3D": "https://account.blob.core.windows.net/c/a",
    "memory://me:SECRET@x/rows": "memory://x/rows",
    "abfs://me:SECRET@account/rows": "abfs://account/rows",
}
FREE = [
    "/data/me@there/rows.parquet",
    "s3://bucket/year@2024/part-?.parquet",
    "hdfs://node:8020/home/me@there/raw",
    "abfss://container@account.dfs.core.windows.net/rows",
    "memory://sets/rows",
]


@pytest.mark.parametrize("url", HOLDING)
def test_credentials_are_left_out(url):
    assert shown(url) == HOLDING[url] == shown(shown(url))
    assert holds_credentials(url)
    assert "SECRET" in "".join(secrets_of(url))
    text = masked(f"cannot read '{url}' (denied)")
    assert text == f"cannot read '{HOLDING[url]}' (denied)"
    assert list(addresses_in({"a": [{"b": url}]})) == [("a.0.b", url)]


@pytest.mark.parametrize("url", FREE)
def test_what_is_no_credential_stays(url):
    assert shown(url) == url == masked(url)
    assert not holds_credentials(url)
    assert secrets_of(url) == ()


def test_a_query_that_signs_nothing_is_left_out_and_allowed():
    assert shown("https://host/get?file=a.zip") == "https://host/get"
    assert not holds_credentials("https://host/get?file=a.zip")


def test_named_secrets_within_a_text():
    assert masked("opened with key=SECRET, token=SECRET and aws_secret=SECRET") == (
        "opened with key=***, token=*** and aws_secret=***"
    )
