"""How the demo's shops write their lists: one function per dialect, from offers to the bytes of a file."""
