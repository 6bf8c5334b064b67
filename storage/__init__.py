"""What the bot remembers.

The only user of SQLModel. `models` holds the nouns; `database` opens transactions; every other module is a set of
plain async functions on one noun, session first. Nothing here raises an error of its own: "not there" is None and
"lost the race" is False. Races are settled by one conditional UPDATE, never by check-then-write.
"""
