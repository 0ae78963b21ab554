"""Days with solar roofs, batteries, cars and shifting: this project's own examples and questions."""
