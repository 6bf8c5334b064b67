"""One pass over what the public says: collect, scrub, score, merge, grade, notice."""
