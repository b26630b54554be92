"""System checks: overrides resolve, slugs are free, production settings are safe."""
