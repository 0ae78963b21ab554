"""What is shown of the microgrid: words, pictures, the browser's page, and plots of its own."""
