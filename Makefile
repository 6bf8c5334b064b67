PYTHON ?= python3

.PHONY: run test install lock

run: install
	.venv/bin/fenghuo run

# What is compiled is kept, whatever the environment says: three processes would each compile all of it at every run.
test: install
	PYTHONDONTWRITEBYTECODE= .venv/bin/python -m pytest -n 2 --dist worksteal

install: .venv/installed

.venv/installed: .requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .requirements.lock
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# The lock pins every dependency by hash, for every Python from 3.11 on; run this after changing pyproject.toml.
lock: install
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --group dev \
		--no-header --no-annotate --no-emit-index-url pyproject.toml -o .requirements.lock
