"""The tests; what several of them share is in modules without the prefix ``test_``."""
