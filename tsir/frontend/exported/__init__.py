"""Programs of torch.export: from memory, and from `.pt2` files, which need no torch."""
