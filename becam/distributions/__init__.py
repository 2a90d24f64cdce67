"""How content features lie on the sphere, before and after adapters (Fig. 9 of BeFA)."""
