"""Local servers that speak the real wire of the chat platforms."""
