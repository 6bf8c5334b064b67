"""The HTTP side: pushed comments, webhooks, health, metrics, the board."""
