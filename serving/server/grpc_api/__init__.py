"""The gRPC front: TensorFlow Serving's PredictionService and ModelService, and the standard health service."""
