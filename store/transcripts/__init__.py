"""Readers of the clients' transcripts, one module per client: bytes in, events out, no I/O of their own.

`events` is the vocabulary that all of them share, `turns` makes turns and requests of it. A new client is one reader
and one fixture folder.
"""
