"""Files that belong to a version: hashed, copied to a store, brought back, verified. Nothing is opened but to be read as bytes."""
