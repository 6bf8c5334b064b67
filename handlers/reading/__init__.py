"""Reading what people type: one reader per kind of argument. It knows no feature."""
