"""The report that people read: one data model, and what is rendered from it."""
