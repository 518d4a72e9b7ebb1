"""What the server answers beside TensorFlow Serving's contract: health, metrics, an OpenAPI document, and a page."""
