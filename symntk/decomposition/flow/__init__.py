"""The gradient flow, its kernel taken apart into named terms."""
