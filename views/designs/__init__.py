"""What is shown of one population under several designs: words, pictures, the browser's page, and plots of its own."""
