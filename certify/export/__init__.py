"""A certificate in the formats of others: in-toto test result, CycloneDX, CHAI model card, CSV and JSON.

Each module takes a verified dossier and returns text. An export repeats what was signed, number for number as decimal
strings, and computes nothing; the signed certificate remains the authority, and each export names it by digest.
"""
