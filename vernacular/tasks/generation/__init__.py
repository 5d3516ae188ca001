"""Text from text by causal models: asked with examples, and fine-tuned."""
