"""Explicit sparse features of documents whose inner product a kernel is."""
