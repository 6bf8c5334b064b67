"""What every handler is made of: cards, messages, the context, the registry. It knows no feature."""
