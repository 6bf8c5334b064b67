"""Where people talk: one file per platform, a pure `render(card)` on top and the talking below."""
