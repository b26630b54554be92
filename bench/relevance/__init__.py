"""Judged queries over the demo's titles, and how well a search answers them. README.md says how they are judged."""
