"""What is shown of the aggregator game: words, pictures, the browser's page, and plots of its own."""
