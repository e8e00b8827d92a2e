"""Networks without activations: sums of products of weights and tokens."""
