"""Raw files to prepared Parquet."""
