"""Pages looked at in headless Chromium."""
