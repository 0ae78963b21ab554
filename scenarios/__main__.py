"""`python -m scenarios` prints the documentation of every key, made from the schema."""

from scenarios import schema_table
from scenarios.markets import MARKETS, TOLD_BY

HEAD = """# Keys of a scenario file

Made from the schema by `make docs`. A number may be written as itself, as a list (one value a user), as a draw
`{ uniform = [lo, hi] }`, `{ normal = [mean, sd] }`, `{ lognormal = [mu, sigma] }`, or as a column of a CSV file
`{ csv = "users.csv", column = "a" }`, its path relative to the TOML file; rows, profiles and
matrices may be `{ csv = "file.csv" }` or `"file.csv"`.
"""

if __name__ == "__main__":
    print(HEAD, end="")
    for market in MARKETS:
        told = next((f" with the key `{key}`" for (_, key), one in TOLD_BY.items() if one == market), "")
        named = next((name for (name, _), one in TOLD_BY.items() if one == market), market)
        print(f'\n## market = "{named}"{told}\n\n{schema_table(market)}', end="")
