"""How performance grows with data, as a part of the report of a data set or of a suite."""
