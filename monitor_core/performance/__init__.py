"""Labels, rolling metrics with honest intervals, and advice that can be defended."""
