"""Sets in the layout in which their homes publish them, rebuilt from our own files: what a home would send."""

import gzip
import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def word(value, missing=""):
    if value is None or value != value:
        return missing
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)


def lines(table: pa.Table, separator=",", missing="", end="\n", last="") -> bytes:
    """Rows of values; float32 is written in its own shortest digits."""
    columns = []
    for column in table.columns:
        if pa.types.is_float32(column.type):
            values = [None if v is None else float(str(np.float32(v))) for v in column.to_pylist()]
        else:
            values = column.to_pylist()
        columns.append([word(value, missing) for value in values])
    return "".join(separator.join(row) + last + end for row in zip(*columns, strict=True)).encode()


def header(names, separator=",", quoted=False) -> bytes:
    return (separator.join(f'"{name}"' if quoted else name for name in names) + "\n").encode()


def read(root: Path, set_name: str, file="data.parquet") -> pa.Table:
    return pq.read_table(root / set_name / file)


def adult(root):
    train, test = (read(root, "adult", f"{part}.parquet") for part in ("train", "test"))
    head = b"|1x3 Cross validator\n"
    return zipped(**{
        "adult.data": lines(train, ", ") + b"\n",
        "adult.test": head + lines(test, ", ", last=".") + b"\n",
        "adult.names": b"| words",
    })  # fmt: skip


def bank_marketing(root):
    inner = []
    for file in ("data.parquet", "bank_full_old.parquet"):
        table = read(root, "bank_marketing", file)
        quoted = [
            pa.array([f'"{value}"' for value in column.to_pylist()])
            if pa.types.is_large_string(column.type)
            else column
            for column in table.columns
        ]
        inner.append(header(table.column_names, ";", True) + lines(pa.table(quoted, table.column_names), ";"))
    new = zipped(**{"bank-additional/bank-additional-full.csv": inner[0], "bank-additional/.DS_Store": b"x"})
    return zipped(**{"bank.zip": zipped(**{"bank-full.csv": inner[1]}), "bank-additional.zip": new})


def in_quotes(column):
    words = pa.types.is_large_string(column.type)
    return pa.array([f'"{value}"' for value in column.to_pylist()]) if words else column


def beijing_air(root):
    table = read(root, "beijing_air")
    time = table["time"].to_numpy().astype("datetime64[h]")
    days = time.astype("datetime64[D]")
    parts = {
        "year": time.astype("datetime64[Y]").astype(int) + 1970,
        "month": time.astype("datetime64[M]").astype(int) % 12 + 1,
        "day": (days - time.astype("datetime64[M]").astype("datetime64[D]")).astype(int) + 1,
        "hour": (time - days.astype("datetime64[h]")).astype(int),
    }
    whole = pa.table({**parts, **{name: table[name] for name in table.column_names if name != "time"}})
    stations = np.array(table["station"].to_pylist())
    files = {}
    for station in np.unique(stations):
        own = whole.filter(pa.array(stations == station))
        own = own.add_column(0, "No", pa.array(np.arange(len(own)) + 1))
        files[f"PRSA_Data_20130301-20170228/PRSA_Data_{station}_20130301-20170228.csv"] = header(
            own.column_names, quoted=True
        ) + lines(own, missing="NA")
    return zipped(**{"data.csv": b"x", "PRSA2017_Data_20130301-20170228.zip": zipped(**files)})


def brfss_diabetes(root):
    table = read(root, "brfss_diabetes")
    table = table.add_column(0, "ID", pa.array(np.arange(len(table))))
    return header(table.column_names) + lines(table)


def default_credit(root):
    table = read(root, "default_credit").rename_columns([*(f"X{i + 1}" for i in range(23)), "Y"])
    return brfss_like(table)


def brfss_like(table):
    table = table.add_column(0, "ID", pa.array(np.arange(len(table)) + 1))
    return header(table.column_names) + lines(table)


def diabetes130(root):
    table = read(root, "diabetes130")
    return zipped(**{"diabetic_data.csv": header(table.column_names) + lines(table), "IDS_mapping.csv": b"1,2"})


def german_credit(root):
    return zipped(**{"german.data": lines(read(root, "german_credit"), " ", last=" "), "german.data-numeric": b"1"})


def heart_disease(root):
    table = read(root, "heart_disease")
    site = np.array(table["site"].to_pylist())
    files = {
        f"processed.{name}.data": lines(table.drop_columns(["site"]).filter(pa.array(site == name)), missing="?")
        for name in ("cleveland", "switzerland", "va")
    }
    return zipped(**files, **{"processed.hungarian.data": b"1,2", "cleveland.data": b"x"})


def htru2(root):
    return zipped(**{"HTRU_2.csv": lines(read(root, "htru2"), end="\r\n"), "Readme.txt": b""})


def kddcup99(root):
    train, test = (read(root, "kddcup99", f"{part}.parquet") for part in ("train", "test"))
    files = {"kddcup.data_10_percent.gz": train, "corrected.gz": test}
    packed = {name: gzip.compress(lines(table, last="."), compresslevel=1) for name, table in files.items()}
    return zipped(**packed, **{"kddcup.names": b"names"})


def magic_telescope(root):
    return zipped(**{"magic04.data": lines(read(root, "magic_telescope"))})


def skin_segmentation(root):
    return zipped(**{"Skin_NonSkin.txt": lines(read(root, "skin_segmentation"), "\t")})


def sms_spam(root):
    return zipped(**{"SMSSpamCollection": lines(read(root, "sms_spam").select(["label", "text"]), "\t")})


def splice_junction(root):
    rows = read(root, "splice_junction").to_pylist()
    text = "".join(f"{row['label']},  {row['instance']:>20},      {row['sequence']}\n" for row in rows)
    return zipped(**{"splice.data": text.encode(), "splice.names": b""})


def wall_robot(root):
    return zipped(**{"sensor_readings_24.data": lines(read(root, "wall_robot").drop_columns(["t"]))})


UCI = {
    make.__name__: make
    for make in (
        adult, bank_marketing, beijing_air, brfss_diabetes, default_credit, diabetes130, german_credit, heart_disease,
        htru2, kddcup99, magic_telescope, skin_segmentation, sms_spam, splice_junction, wall_robot,
    )
}  # fmt: skip


def put_openml(home, number, table: pa.Table, nominal: dict, name="toy", **description):
    """A set as OpenML's documented API gives it: description, columns, qualities, and the ARFF file itself."""
    kinds = [f"{{{','.join(nominal[n])}}}" if n in nominal else "REAL" for n in table.column_names]
    attributes = "".join(f"@ATTRIBUTE {n} {kind}\n" for n, kind in zip(table.column_names, kinds, strict=True))
    arff = f"% made for a test\n@RELATION {name}\n\n{attributes}\n@DATA\n".encode() + lines(table, missing="?")
    target = table.column_names[-1]
    about = {
        "id": str(number),
        "name": name,
        "version": "1",
        "description": "made for a test",
        "status": "active",
        "format": "ARFF",
        "url": f"https://www.openml.org/data/v1/download/{number}/{name}.arff",
        "file_id": str(number),
        "default_target_attribute": target,
        "md5_checksum": hashlib.md5(arff).hexdigest(),
        **description,
    }
    features = [
        {
            "index": str(place),
            "name": n,
            "data_type": "nominal" if n in nominal else "numeric",
            **({"nominal_value": nominal[n]} if n in nominal else {}),
            "is_target": str(n == target).lower(),
            "is_ignore": "false",
            "is_row_identifier": "false",
            "number_of_missing_values": "0",
        }
        for place, n in enumerate(table.column_names)
    ]
    qualities = [{"name": "NumberOfInstances", "value": str(len(table))}]
    api = "/api/v1/json/data"
    home.put(f"{api}/{number}", json.dumps({"data_set_description": about}).encode())
    home.put(f"{api}/features/{number}", json.dumps({"data_features": {"feature": features}}).encode())
    home.put(f"{api}/qualities/{number}", json.dumps({"data_qualities": {"quality": qualities}}).encode())
    return home.put(f"/data/v1/download/{number}/{name}.arff", arff)


def put_pima(home, root):
    table = read(root, "pima").rename_columns(["preg", "plas", "pres", "skin", "insu", "mass", "pedi", "age", "class"])
    names = ["tested_negative", "tested_positive"]
    table = table.set_column(8, "class", pa.array([names[v] for v in table["class"].to_pylist()]))
    return put_openml(home, 37, table, {"class": names}, "diabetes")


def put_elec2(home, root):
    table = read(root, "elec2")
    table = table.set_column(8, "class", pa.array(["DOWN" if v == 0 else "UP" for v in table["class"].to_pylist()]))
    return put_openml(home, 151, table, {"class": ["UP", "DOWN"], "day": list("1234567")}, "electricity")


def put_hub(home, path, config, splits: dict[str, pa.Table], pieces=1):
    """A set as the hub keeps it: a list of Parquet files a split, each behind a redirect that says its SHA-256."""
    found = []
    for split, table in splits.items():
        urls = []
        for piece in range(pieces):
            out = io.BytesIO()
            pq.write_table(table.slice(piece * -(-len(table) // pieces), -(-len(table) // pieces)), out)
            at = f"/api/datasets/{path}/parquet/{config}/{split}/{piece}.parquet"
            linked = {"X-Linked-Etag": f'"{hashlib.sha256(out.getvalue()).hexdigest()}"'}
            home.put(at, redirect=f"/storage{at}", headers=linked)
            found.append(home.put(f"/storage{at}", out.getvalue()))
            urls.append(f"https://huggingface.co{at}")
        home.put(f"/api/datasets/{path}/parquet/{config}/{split}", json.dumps(urls).encode())
    return found


def hub_schema(table: pa.Table, **features) -> pa.Table:
    """The table with the features that `datasets` would have written into it."""
    import datasets

    known = datasets.Features.from_arrow_schema(table.schema)
    return table.cast(datasets.Features({**known, **features}).arrow_schema)


def png(pixels: np.ndarray) -> dict:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=1)
    return {"bytes": out.getvalue(), "path": None}


def images(table: pa.Table, labels: list[str]) -> pa.Table:
    import datasets

    rows = [png(np.frombuffer(data, np.uint8).reshape(28, 28)) for data in table["image"].to_pylist()]
    column = pa.array(rows, pa.struct({"bytes": pa.binary(), "path": pa.string()}))
    plain = pa.table({"image": column, "label": table["label"].cast(pa.int64())})
    return hub_schema(plain, image=datasets.Image(), label=datasets.ClassLabel(names=labels))


def put_images(home, root, name, path, config):
    labels = [str(i) for i in range(10)]
    splits = {part: images(read(root, name, f"{part}.parquet"), labels) for part in ("train", "test")}
    return put_hub(home, path, config, splits)


def put_fin_tweets(home, root):
    parts = {"train": "train", "validation": "valid"}
    splits = {split: read(root, "fin_tweets", f"{file}.parquet") for split, file in parts.items()}
    wide = {k: t.set_column(1, "label", t["label"].cast(pa.int64())) for k, t in splits.items()}
    return put_hub(home, "zeroshot/twitter-financial-news-sentiment", "default", wide)


def put_sst2(home, root):
    parts = {"train": "train", "validation": "dev", "test": "test"}
    splits = {split: read(root, "sst2", f"{file}.parquet") for split, file in parts.items()}
    wide = {k: t.append_column("label_text", pa.array(["?"] * len(t))) for k, t in splits.items()}
    return put_hub(home, "SetFit/sst2", "default", wide, pieces=2)


def put_trec(home, root):
    import datasets

    splits = {part: read(root, "trec", f"{part}.parquet") for part in ("train", "test")}
    names = {c: sorted({v for t in splits.values() for v in t[c].to_pylist()}) for c in ("coarse", "fine")}
    wide = {}
    for part, table in splits.items():
        codes = {f"{c}_label": pa.array([names[c].index(v) for v in table[c].to_pylist()]) for c in names}
        labels = {f"{c}_label": datasets.ClassLabel(names=names[c]) for c in names}
        wide[part] = hub_schema(pa.table({"text": table["text"].cast(pa.string()), **codes}), **labels)
    return put_hub(home, "CogComp/trec", "default", wide)


PUT = {
    "pima": put_pima,
    "elec2": put_elec2,
    "fin_tweets": put_fin_tweets,
    "sst2": put_sst2,
    "trec": put_trec,
    "mnist": lambda home, root: put_images(home, root, "mnist", "ylecun/mnist", "mnist"),
    "fashion_mnist": lambda home, root: put_images(
        home, root, "fashion_mnist", "zalando-datasets/fashion_mnist", "fashion_mnist"
    ),
}


def put(home, root: Path, name: str, address: str) -> None:
    """Serve a set of the catalogue as its own home does."""
    if name in UCI:
        home.put(f"/static/public/{address}", UCI[name](root))
    else:
        PUT[name](home, root)
