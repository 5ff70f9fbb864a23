"""The schema as a list of steps. Append-only: a step that has shipped is never edited, the next change is a new one.

Column comments say why a column exists; SQLite keeps them, so `.schema` reads as documentation. Times are seconds
since the epoch (UTC, REAL), counts are tokens, money is nowhere: it is computed from `prices`.
"""
