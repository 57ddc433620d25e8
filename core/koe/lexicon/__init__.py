"""How words are spoken: entries of the config, of files and of requests, found in texts as written."""
