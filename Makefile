# Every entry to the project. CLOUD=twin (the default) talks to the local AWS, CLOUD=aws to AWS; ENV names an environment.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# A person who names none means dev; a pipeline's action that names none is wrong.
ENV ?= $(if $(CODEBUILD_BUILD_ID),$(error ENV is not set: the pipeline's action says which environment),dev)
export CLOUD ?= twin
export PYTHONPATH := src
PYTHON ?= python3
# Folder and lock of each virtual environment; a build of a pipeline needs but one.
VENVS ?= .venv:dev .venv-checkov:checkov
LOCKS := $(foreach venv,$(VENVS),requirements/$(lastword $(subst :, ,$(venv))).txt)
# Named by the locks' content: a copy or a new clone of the same commit has nothing to set up again.
READY := .venv/.ready-$(shell cat $(LOCKS) | cksum | cut -d' ' -f1)
# All tests, unless a build names those of what a change can break.
UNIT ?= tests/unit tests/repository
INTEGRATION ?= tests/integration
REGRESSION ?= tests/regression
# Most of an integration test is waiting, for bakes and pings and the provider: two workers keep two cores busy. Fixed, so
# that a run is the same everywhere.
PYTEST ?= .venv/bin/pytest -n 2
# Latency alarms watch their rollouts: they are not made to wait for others.
ALONE = tests/integration/rollout tests/integration/scaling
# What the container is measured beside; requirements/bench-*.in say what each is.
PEERS = reference mlserver bentoml mlflow
MINUTES ?= 60
REQUESTS ?= 1000000
FAIRWAY = .venv/bin/python -m fairway

.PHONY: help setup init up down env status demo rollouts bootstrap plan apply destroy unlock train release promote rollback merge history audit invoke batch challenger script-image advise check-promotion plan-comment protect connect image execution candidate review apply-reviewed verify propose test unit integration regression long fmt lint check image-check wiring kills lock bench bench-setup bench-serving bench-training soak fuzz

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make the virtual environments from the hashed locks
$(READY): $(LOCKS) requirements/uv.txt requirements/setup.sh
	@sh requirements/setup.sh "$(PYTHON)" $(VENVS) && rm -f .venv/.ready-* && touch $@

init: setup ## Write project.json: the only file with names to fill in
	@$(FAIRWAY) init
up: setup ## Start the twin, the local AWS
	@$(FAIRWAY) up
down: setup ## Stop the twin; all that it held is gone with it
	@$(FAIRWAY) down
env: setup ## Print the exports with which any AWS tool talks to the twin
	@$(FAIRWAY) env
demo: setup ## Rehearse it all: provision, then pushes and merges bring models to production
	@$(FAIRWAY) demo
rollouts: setup ## Try every rollout strategy with good and bad releases; write docs/rollouts.md
	@$(FAIRWAY) rollouts
bootstrap: setup ## Provision what an account and the project need once
	@$(FAIRWAY) bootstrap
plan: setup ## Plan ENV and keep the plan
	@$(FAIRWAY) plan $(ENV)
apply: setup ## Apply the plan of ENV that was kept
	@$(FAIRWAY) apply $(ENV)
destroy: setup ## Destroy ENV with all its data
	@$(FAIRWAY) destroy $(ENV)
unlock: setup ## Break the state lock LOCK that a dead Terraform left on ENV
	@$(FAIRWAY) unlock $(ENV) $(LOCK)
train: setup ## Train in ENV and register the model; PARAMETERS="bad_rows=quarantine" tells prepare so
	@$(FAIRWAY) train $(ENV)
release: setup ## Pin the newest approved model, or MODEL_PACKAGE, in ENV's release.json
	@$(FAIRWAY) release $(ENV) $(MODEL_PACKAGE)
promote: setup ## Open the pull request that brings FROM's release to TO, the environment after it
	@$(FAIRWAY) promote $(FROM) $(TO)
rollback: setup ## Open the pull request that brings ENV back to its previous release, because of REASON
	@$(FAIRWAY) rollback $(ENV)
merge: setup ## Merge pull request PR
	@$(FAIRWAY) merge $(PR)
history: setup ## Show what ENV was told to run, and by whom, from Git
	@$(FAIRWAY) history $(ENV)
status: setup ## Compare what Git wants with what runs, everywhere; with DRIFT=--drift, plan too
	@$(FAIRWAY) status $(DRIFT)
audit: setup ## Compare what each role has done on the twin with what its policies allow
	@$(FAIRWAY) audit
invoke: setup ## Send ENV's endpoint its golden requests, or those in BODY
	@$(FAIRWAY) invoke $(ENV) $(BODY)
batch: setup ## Transform INPUT, s3://… or a local file, with ENV's release
	@$(FAIRWAY) batch $(ENV) $(INPUT)
challenger: setup ## Pin the newest approved model, or MODEL_PACKAGE, as ENV's challenger
	@$(FAIRWAY) challenger $(ENV) $(MODEL_PACKAGE)
script-image: setup ## Push what stands in for SageMaker's managed image in script mode, on the twin
	@$(FAIRWAY) script-image
advise: setup ## Say how to serve what is needed: asks, or takes TRAFFIC, LATENCY_MS, …
	@$(FAIRWAY) advise

check-promotion: setup ## Refuse a release change since BASE that is no promotion and no rollback
	@$(FAIRWAY) check-promotion
plan-comment: setup ## Plan every environment that changed since BASE, for a comment
	@$(FAIRWAY) plan-comment
protect: setup ## Set GitHub's branch rules and variables, by gh
	@sh .github/protect.sh
connect: setup ## Complete the connection to the repository: on AWS, say where to click
	@$(FAIRWAY) connect

# What the builds of the pipelines run; buildspecs/ says which of these, and with what.
image: setup ## Build the image, push it, and write its address to build/image
	@$(FAIRWAY) image
execution: setup ## Write the input of the training workflow for IMAGE
	@$(FAIRWAY) execution $(ENV)
candidate: setup ## Fetch what the training run EXECUTION_ARN registered, for the regression tests
	@$(FAIRWAY) candidate $(ENV)
review: setup ## Plan ENV for a reviewer, as a role that only reads
	@$(FAIRWAY) review $(ENV)
apply-reviewed: setup ## Apply the plan of ENV that was approved by its digest, PLAN_SHA256
	@$(FAIRWAY) apply-reviewed $(ENV)
verify: setup ## Verify that ENV runs the release that Git wants, and answers as recorded
	@$(FAIRWAY) verify $(ENV)
propose: setup ## Open the pull request that brings ENV the newest release
	@$(FAIRWAY) propose $(ENV)

test: setup ## Run every test but the long ones
	$(PYTEST) $(UNIT) $(INTEGRATION) $(REGRESSION) $(ALONE:%=--ignore=%)
	.venv/bin/pytest $(ALONE)
unit: setup ## Run the unit and repository tests, and Terraform's own
	.venv/bin/pytest $(UNIT)
integration: setup ## Run the tests on the twin
	$(PYTEST) $(INTEGRATION)
regression: setup ## Run the tests of the model's quality on real data
	.venv/bin/pytest $(REGRESSION)

long: setup ## Run the tests that take minutes and are not part of check
	.venv/bin/pytest -m long tests
fmt: setup ## Format Python and Terraform
	.venv/bin/ruff check --fix-only --quiet . && .venv/bin/ruff format --quiet . && terraform fmt -recursive terraform
lint: setup ## Lint, type-check and scan everything
	.venv/bin/pre-commit run --all-files --show-diff-on-failure
check: lint test ## All that a pull request must pass

image-check: setup ## Build the image with buildah and run it for real (root, Debian)
	@$(FAIRWAY) image-check
wiring: setup ## Break the pipelines' wiring in every way that is known, and write docs/wiring.md
	FAIRWAY_WIRING=all .venv/bin/pytest -m long tests/integration/wiring
kills: setup ## Kill delivery at thirty seeded moments, and write docs/kills.md
	FAIRWAY_KILLS=30 .venv/bin/pytest -m long tests/integration/kills
bench: bench-serving bench-training ## Measure everything, and write benchmarks/results
	.venv/bin/python benchmarks/twin/measure.py
	.venv/bin/python benchmarks/quality/measure.py
bench-training: setup ## Measure preparing and training beside their peers; TRAINING=--quick for a look
	@sh requirements/setup.sh "$(PYTHON)" build/bench/venv-training:bench-training
	.venv/bin/python -m benchmarks.training $(TRAINING)
bench-setup: setup ## Make the environments of the serving benchmark's peers
	@sh requirements/setup.sh "$(PYTHON)" $(foreach peer,$(PEERS),build/bench/venv-$(peer):bench-$(peer))
bench-serving: bench-setup ## Measure the container beside its peers; SERVING="--quick --only ours,nginx" for a look
	.venv/bin/python -m benchmarks.serving $(SERVING)
soak: setup ## Load the container at 70 % of its measured maximum for MINUTES
	.venv/bin/python -m benchmarks.serving.soak --minutes $(MINUTES)
fuzz: setup ## Send the container REQUESTS random, mutated and hostile requests
	@sh requirements/setup.sh "$(PYTHON)" build/fuzz/venv:fuzz
	.venv/bin/python -m tests.fuzz --requests $(REQUESTS)
lock: setup ## Resolve requirements/*.in to hashed locks again
	sh requirements/lock.sh
