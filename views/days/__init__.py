"""What is shown of the aggregator game over days: words, pictures, the browser's page."""
