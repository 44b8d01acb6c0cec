"""How older databases become newer ones, step by step (Alembic). A step that was released is never changed."""
