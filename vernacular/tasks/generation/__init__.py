"""Text generation by causal models: few-shot and fine-tuned."""
