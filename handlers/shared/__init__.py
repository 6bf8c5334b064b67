"""What several features share: how incidents, statements and work are shown, who does what, what is due. It knows no feature."""
