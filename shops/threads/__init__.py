"""What a reader, a shop and the network write to each other: of a shop order, or of nothing but a question."""
