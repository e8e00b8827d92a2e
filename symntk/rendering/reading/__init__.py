"""The derived program as a reader wants it: equations between kernels with the names of papers."""
