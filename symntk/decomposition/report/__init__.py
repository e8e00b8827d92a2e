"""What the coefficients of a kernel say about what its network learns; comparisons."""
