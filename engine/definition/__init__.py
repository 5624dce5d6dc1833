"""What officers write: the shape of each kind of definition, and its compiled form."""
