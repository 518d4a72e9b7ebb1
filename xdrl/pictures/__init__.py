"""Pictures: overlays, frames with words, learning curves, and the figures of the paper."""
