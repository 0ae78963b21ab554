"""How files are read and checked: TOML, CSV, the table of keys, one-line errors."""
