"""What the browser's pages are made of: charts, frames, live runs, tables of agents, parameters."""
