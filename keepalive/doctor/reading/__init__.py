"""Where the doctor touches the machine: each module reads the facts that the check of the same name judges."""
