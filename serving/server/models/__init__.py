"""The models: which there are, which version answers, and the run of its graph in TensorFlow's C++ session."""
