"""What differs between Keras backends: how functions are compiled and gradients are taken."""
