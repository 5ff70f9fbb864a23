"""Which sessions are open on this machine, and how we know: one module for each kind of evidence."""
