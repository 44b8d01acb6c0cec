"""The generator of labelled synthetic clinical conversations."""

VERSION = "2"
"""Version of the generator; part of every manifest and protocol."""
