"""Sets of the catalogue from their public homes: downloaded, converted to our columns, checked, kept as Parquet."""
