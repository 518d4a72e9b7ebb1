"""The REST front: from a request's bytes to arrays, and from arrays to the answer's bytes."""
