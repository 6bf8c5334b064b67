"""The running bot: what comes in, what goes out, and the wiring. Nobody imports it."""
