"""The microgrid market: private lines beside a public grid whose lines lose power with the square of the flow."""
