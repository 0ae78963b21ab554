"""Numbers that other tools published, and their outcomes before the certificate."""
