"""Where a version came from: the walk to data, code and parents, and the ways to draw it. Pure."""
