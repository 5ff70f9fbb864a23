"""From the clients' transcripts into the store: find what changed, read it on every core, write it in batches."""
