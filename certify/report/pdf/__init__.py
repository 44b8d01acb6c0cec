"""The PDF of a report: its own HTML read into a small tree, set by Typst, with the signed certificate attached."""
