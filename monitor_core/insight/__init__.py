"""What needs several capabilities: evidence for advice, what goes with a fall, slices."""
