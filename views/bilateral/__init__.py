"""What is shown of bilateral contracts: words, pictures, the browser's page, and plots of its own."""
