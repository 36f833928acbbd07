# The commands of the project; CI runs the same ones. Needs Python >= 3.11 with venv, make and a package index.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: setup run test check bench docs screenshots format lock audit sbom licences

setup: .venv/installed

# The stamp is renewed when a lock file or pyproject.toml changes, so `make run` is instant afterwards.
.venv/installed: pyproject.toml requirements-dev.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Daypaper needs Python 3.11 or newer; this is " + sys.version.split()[0])'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q aggregator api tests
	touch $@

run: setup
	$(BIN)/daypaper run

test: setup
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not alone"
	$(BIN)/python -m pytest -m alone

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --warnings

bench: setup
	$(BIN)/python -m tests.bench

# The documentation as a site in build/site, plain files, searchable where they are served; a link that leads nowhere breaks it.
docs: setup
	$(BIN)/python .ci/docs_site.py

# Every page on desktop and phone, light and dark, in English and Chinese; needs the package chromium.
screenshots: setup
	$(BIN)/python -m tests.e2e.screenshots build/screenshots

# Asks the advisory service about every package of requirements.lock; says so where it does not answer.
audit: setup
	$(BIN)/python .ci/audit.py

# What an installation consists of, as CycloneDX: every package of requirements.lock with its hashes.
sbom: setup
	mkdir -p build
	$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --mc-type application --output-reproducible --of JSON -o build/sbom.json requirements.lock

licences: setup
	$(BIN)/python .ci/licences.py > docs/licences.md

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Writes the lock files again from pyproject.toml; they carry hashes and name no host. Needs uv on the PATH.
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade --quiet pyproject.toml
lock:
	$(LOCK) -o requirements.lock
	$(LOCK) --extra dev -o requirements-dev.lock
