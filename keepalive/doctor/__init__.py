"""`warmside doctor`: what is found, what is missing, and what mends it. Looks only: nothing is written or started."""
