"""Conversations that the model that answers learns from: the chat template, and the loss on answers alone."""
