"""What every handler is made of: cards, messages, the context, the registry, words. It knows no feature."""
