"""The aggregator game: players buy energy for their users at a price that rises with total purchases."""
