# Each target installs what it needs into .venv. Python 3.11 or newer, nothing else by hand.
PYTHON ?= python3.11
ifeq (,$(shell command -v $(PYTHON)))
PYTHON = python3
endif
BIN = .venv/bin
# A machine may say that Python shall not keep what it has compiled: each of the hundreds of programs that the tests
# start would then compile Django and Halles anew, seconds each.
export PYTHONDONTWRITEBYTECODE =
PORT ?= 8000
JOBS ?= 2

.PHONY: demo test test-stripe proof bench lint venv venv-dev production lock clean

demo: venv
	@$(BIN)/python manage.py demo --port $(PORT)

test: venv-dev
	@scripts/chromium
	scripts/in-memory $(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile $(TESTS)

# The proofs at full size (hours). One part: make proof TESTS=tests/proof/test_races.py; a tenth: HALLES_PROOF_SIZE=0.1,
# of random sequences those after the first 500: HALLES_PROOF_FROM=500
proof: venv-dev
	$(BIN)/python -m pytest -q -m proof $(TESTS)

# The payment journeys against Stripe's own test mode: HALLES_STRIPE_TEST_KEY=sk_test_… make test-stripe
test-stripe: venv-dev
	$(BIN)/python -m pytest -q -rs tests/contracts/test_stripe_journeys.py

bench: venv-dev
	@for program in bench/bench_*.py; do $(BIN)/python $$program || exit 1; done

lint: venv-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .

# What a server needs: docs/operating.md
production: requirements/production.txt venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/production.txt
	@touch .venv/base

venv: .venv/base
venv-dev: .venv/dev

.venv/base: requirements/base.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing Halles and what it needs into .venv …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.txt
	@touch $@

# Has all of base too, in the same versions. Modules are compiled as they are first used: most never are.
.venv/dev: requirements/dev.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing Halles and what its tests need into .venv …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes \
		-r requirements/dev.txt
	@touch .venv/base $@

# Resolve the lock files again. They hold hashes and name no package index.
lock: venv-dev
	$(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header -o requirements/dev.txt requirements/dev.in
	for name in base production; do $(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header -c requirements/dev.txt -o requirements/$$name.txt requirements/$$name.in; done

clean:
	rm -rf .venv var staticfiles
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
