"""Who joins whom: this project's own question."""
