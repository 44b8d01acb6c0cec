"""The runtime of Auscult and the vocabulary that its three packages share."""

__version__ = "0.1.0"
