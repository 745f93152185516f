"""What a reader is told in words: `verdict` and `notes`."""
