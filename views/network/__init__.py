"""What is shown of the aggregator game on a network: words, pictures, the browser's page."""
