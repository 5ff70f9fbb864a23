"""What a ping policy would have cost on recorded idle gaps: read, split into idle periods, score, show.

Gaps come from a file (`gaps`) or from the store; `episodes` makes idle periods of them, `scoring` replays a policy over
them, `grid` does so for every read price, TTL class and share of signalled ends, and `report`, `as_json` and `chart`
show what came out. Nothing here is random but the bootstrap, which is seeded: the same gaps give the same numbers.
"""
