"""How far content features deviate from behavioural embeddings (BeFA, eq. 4-7)."""
