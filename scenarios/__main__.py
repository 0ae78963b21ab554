"""`python -m scenarios` prints the documentation of every key, made from the schema."""

from scenarios import schema_table
from scenarios.markets import MARKETS

HEAD = """# Keys of a scenario file

Made from the schema by `make docs`. A number may be written as itself, as a list (one value a user), as a draw
`{ uniform = [lo, hi] }`, `{ normal = [mean, sd] }`, `{ lognormal = [mu, sigma] }`, or as a column of a CSV file
`{ csv = "users.csv", column = "a" }`, its path relative to the TOML file; rows, profiles and
matrices may be `{ csv = "file.csv" }` or `"file.csv"`.
"""

if __name__ == "__main__":
    print(HEAD, end="")
    for market in MARKETS:
        print(f'\n## market = "{market}"\n\n{schema_table(market)}', end="")
