PYTHON ?= python3

.PHONY: run test install

run: install
	.venv/bin/fenghuo run

test: install
	.venv/bin/python -m pytest -n 2

install: .venv/installed

.venv/installed: .requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .requirements.lock
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@
