.DEFAULT_GOAL := help
UV_VERSION := 0.13.9
PYTHON ?= python3
UV := .tools/bin/uv
ENGINE ?= podman
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
RUN := $(UV) run --frozen --all-extras --no-progress

.PHONY: help
help: ## List the targets
	@grep -E '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

$(UV):
	@echo "Setting up uv $(UV_VERSION) in .tools (once)"
	@$(PYTHON) -c 'import sys; sys.exit("Lotkeeper needs Python 3.11 or later; this is " + sys.version) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv .tools
	@.tools/bin/python -m pip --quiet --disable-pip-version-check install uv==$(UV_VERSION)

.venv/.synced: $(UV) pyproject.toml uv.lock
	@$(UV) sync --frozen --all-extras --quiet --python $(PYTHON)
	@touch $@

.PHONY: run
run: .venv/.synced ## Serve on the embedded store with the demo plant, 127.0.0.1:50051; HTTP on 127.0.0.1:50080, metrics on :9464
	@exec .venv/bin/lotkeeper-server run --metrics-listen 127.0.0.1:9464 --http-listen 127.0.0.1:50080 $(ARGS)

.PHONY: test
test: .venv/.synced ## Run every test but those of Galera, with branch coverage
	@.venv/bin/python -m pytest -n 2 --dist loadfile -m "not galera" --cov --cov-report=term

EVERY_STORE := tests/integration tests/property tests/e2e/test_actions.py tests/e2e/test_catalog.py \
  tests/e2e/test_concurrency.py tests/e2e/test_durability.py tests/e2e/test_lists_under_writes.py

# Of these no line depends on the kind of store.
NOT_OF_STORES := $(addprefix --ignore=tests/integration/, transport test_client_connections.py test_client_endings.py \
  test_client_hostile_answers.py test_client_streams.py test_conformance_server.py test_database_starters.py)
# Its streams are many and the cluster is slow; PostgreSQL has it.
NOT_OF_GALERA := --ignore=tests/integration/test_streams_at_the_gate.py

.PHONY: test-postgresql
test-postgresql: .venv/.synced ## Run the suite of every store on a PostgreSQL that the tests start
	@.venv/bin/python -m pytest -n 2 --dist loadfile --store postgresql $(NOT_OF_STORES) $(EVERY_STORE)

.PHONY: test-galera
test-galera: .venv/.synced ## Run it on a Galera cluster that the tests start, and what is about Galera alone, where it is installed
	@.venv/bin/python -m pytest --store galera -m "not galera" $(NOT_OF_STORES) $(NOT_OF_GALERA) $(EVERY_STORE)
	@.venv/bin/python -m pytest -m galera tests

# What callers rely on, on the transport that serves where grpcio is not as expected.
ON_AIO := tests/e2e/test_actions.py tests/e2e/test_catalog.py tests/e2e/test_concurrency.py tests/e2e/test_durability.py \
  tests/e2e/test_health.py tests/e2e/test_hostile_input.py tests/e2e/test_watch.py tests/e2e/test_unknown_tokens.py \
  tests/e2e/test_definition_exchange.py

.PHONY: test-aio
test-aio: .venv/.synced ## Run a part of the end-to-end tests on grpc.aio
	@LOTKEEPER_TRANSPORT=aio .venv/bin/python -m pytest -n 2 --dist loadfile $(ON_AIO)

# The oldest that is supported, then the newest that there is; the lock has one of its own.
GRPCIO_VERSIONS := '==1.75.1' '>=1.75.1'
GRPCIO_PACKAGES := grpcio grpcio-status grpcio-health-checking grpcio-reflection

.PHONY: test-grpcio
test-grpcio: .venv/.synced ## Prove what the transport stands on with the oldest and the newest grpcio
	@for version in $(GRPCIO_VERSIONS); do \
	  with=$$(for package in $(GRPCIO_PACKAGES); do printf -- "--with %s%s " $$package $$version; done); \
	  $(RUN) --isolated $$with python -c 'import grpc; print("grpcio", grpc.__version__)' && \
	  $(RUN) --isolated $$with python -m pytest tests/integration/transport || exit 1; done

.PHONY: test-typing
test-typing: .venv/.synced ## Run the tests of the client's types with pyright, too; needs the network
	@$(RUN) --isolated --with 'pyright[nodejs]' python -m pytest tests/typing

OF_THE_CLIENT := tests/e2e/test_client.py tests/e2e/test_client_through_restarts.py tests/unit/test_client_addresses.py \
  tests/integration/test_client_connections.py tests/integration/test_client_endings.py \
  tests/integration/test_client_streams.py tests/integration/test_coalescing.py

.PHONY: test-oldest
test-oldest: $(UV) ## Run the client's tests with the oldest packages that pyproject.toml allows
	@$(UV) venv --quiet --clear --python $(PYTHON) .tools/oldest
	@$(UV) pip compile --quiet --resolution lowest-direct --all-extras pyproject.toml -o .tools/oldest/requirements.txt
	@$(UV) pip install --quiet --python .tools/oldest -r .tools/oldest/requirements.txt \
	  pytest pytest-asyncio pytest-timeout hypothesis
	@$(UV) pip install --quiet --python .tools/oldest --no-deps --editable .
	@.tools/oldest/bin/python -m pytest $(OF_THE_CLIENT)

.PHONY: test-wheel
test-wheel: $(UV) ## Try out the wheel in new environments, with the oldest and the newest packages that it allows
	@$(PYTHON) -m tests.wheel_in_clean_environments $(UV)

.PHONY: test-container
test-container: .venv/.synced ## Try out the container's steps without a container engine; needs the network
	@.venv/bin/python -m tests.container_without_engine $(UV)

.tools/helm/helm: $(UV)
	@$(PYTHON) -m tests.helm_program $(UV) .tools/helm

.PHONY: test-helm
test-helm: .venv/.synced .tools/helm/helm ## Lint and render the Helm chart; fetches Helm, so it needs the network
	@HELM=.tools/helm/helm $(RUN) --isolated --with kubernetes-validate==1.37.0 python -m pytest tests/unit/test_helm_chart.py

.PHONY: test-release
test-release: .venv/.synced ## Try out making a release; needs the network
	@LOTKEEPER_TEST_UV=$(UV) .venv/bin/python -m pytest tests/unit/test_release.py

.PHONY: release
release: $(UV) ## Make what is published of this commit into dist/release; needs the network
	@$(PYTHON) deploy/release.py $(UV) dist/release $(ARGS)

.PHONY: container
container: ## Build the image lotkeeper:VERSION with podman, or with ENGINE=docker
	@$(ENGINE) build -f deploy/container/Containerfile --build-arg VERSION=$(VERSION) -t lotkeeper:$(VERSION) .

.PHONY: lint
lint: lint-fast lint-contract ## Check style, types, layers and the contract
	@.venv/bin/mypy

.PHONY: lint-fast
lint-fast: .venv/.synced ## Check what takes seconds only: style and layers
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/lint-imports

.PHONY: lint-contract
lint-contract: .venv/.synced protos-check googleapis ## Check the contract, and what is made from it
	@.venv/bin/buf lint
	@.venv/bin/buf format --diff --exit-code protos
	@.venv/bin/buf build --path protos/lotkeeper -o - | \
	  .venv/bin/buf breaking - --against protos/contract.binpb --config protos/buf.yaml

.PHONY: hooks
hooks: .venv/.synced ## Run the fast checks before each commit
	@.venv/bin/pre-commit install

.PHONY: protos
protos: .venv/.synced ## Generate the stubs and the API reference from the contract
	@.venv/bin/python protos/generate.py client
	@.venv/bin/python protos/reference.py docs/api.md
	@.venv/bin/python protos/openapi.py
	@.venv/bin/python protos/plant_fields.py docs/plant-fields.md

.PHONY: client
client: .venv/.synced ## Make what the client makes from the contract, and its twin without asyncio
	@.venv/bin/python client/entity_methods.py
	@.venv/bin/python client/exact_classes.py
	@.venv/bin/python client/action_methods.py
	@.venv/bin/python client/error_reasons.py
	@.venv/bin/python client/async_to_sync.py

.PHONY: servicer
servicer: .venv/.synced ## Make the server's methods of every kind of entity from the contract
	@.venv/bin/python server/entity_servicer.py

.PHONY: protos-check
protos-check: .venv/.synced ## Prove that what is made from the contract is current
	@.venv/bin/python protos/generate.py --check client
	@.venv/bin/python protos/reference.py --check docs/api.md
	@.venv/bin/python protos/openapi.py --check
	@.venv/bin/python protos/plant_fields.py --check docs/plant-fields.md
	@.venv/bin/python client/entity_methods.py --check
	@.venv/bin/python client/exact_classes.py --check
	@.venv/bin/python client/action_methods.py --check
	@.venv/bin/python client/error_reasons.py --check
	@.venv/bin/python client/async_to_sync.py --check
	@.venv/bin/python server/entity_servicer.py --check

.PHONY: protos-baseline
protos-baseline: .venv/.synced googleapis ## Make the contract as it is now the one that later changes must not break
	@.venv/bin/buf build --path protos/lotkeeper -o protos/contract.binpb

.PHONY: metrics
metrics: .venv/.synced ## Make docs/metrics.md from the metrics in the code
	@.venv/bin/python server/metrics_reference.py docs/metrics.md

.PHONY: settings
settings: .venv/.synced ## Make docs/settings.md from the settings in the code
	@.venv/bin/python server/settings_reference.py docs/settings.md

.PHONY: bench
bench: .venv/.synced ## Measure, each figure beside its reference, into bench/report
	@$(UV) sync --frozen --all-extras --group bench --quiet --python $(PYTHON)
	@.venv/bin/python -m bench $(ARGS)

.PHONY: format
format: .venv/.synced ## Format the code and the contract
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .
	@.venv/bin/buf format -w protos

.PHONY: clean
clean: ## Remove the environments, not the data
	@rm -rf .venv .tools

.PHONY: site
site: $(UV) ## Make the documentation as a site in .tools/site/built; a link to what is not there is an error; needs the network
	@$(PYTHON) deploy/site/pages.py .tools/site
	@cd .tools/site && $(abspath $(UV)) run --no-project --no-progress --quiet --with zensical==0.0.73 zensical build --strict

.PHONY: googleapis
googleapis: .venv/.synced ## Make the folder of Google's common .proto files that buf.yaml names
	@.venv/bin/python protos/googleapis.py .tools/googleapis

.PHONY: openapi
openapi: .venv/.synced ## Make the OpenAPI document from the contract
	@.venv/bin/python protos/openapi.py

.PHONY: protoset
protoset: .venv/.synced ## Make lotkeeper.protoset, the contract's descriptors with comments, for grpcurl and the like
	@.venv/bin/python protos/descriptors.py lotkeeper.protoset

.PHONY: test-contract
test-contract: .venv/.synced ## Make stubs of the contract in eight languages, or in LANGUAGES, compile them, validate OpenAPI; needs the network
	@$(RUN) --isolated --with openapi-spec-validator==0.9.0 python -m pytest tests/unit/test_openapi.py
	@.venv/bin/python -m tests.contract_in_languages .tools/generators $(LANGUAGES)

GO_PLUGINS := .tools/go/bin
PROTOC_GEN_GO := v1.36.11
PROTOC_GEN_GO_GRPC := v1.6.2

$(GO_PLUGINS)/protoc-gen-go: Makefile
	@GOBIN=$(abspath $(GO_PLUGINS)) go install google.golang.org/protobuf/cmd/protoc-gen-go@$(PROTOC_GEN_GO)
	@touch $@

$(GO_PLUGINS)/protoc-gen-go-grpc: Makefile
	@GOBIN=$(abspath $(GO_PLUGINS)) go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@$(PROTOC_GEN_GO_GRPC)
	@touch $@

.PHONY: clients-go
clients-go: .venv/.synced $(GO_PLUGINS)/protoc-gen-go $(GO_PLUGINS)/protoc-gen-go-grpc ## Generate the Go client's stubs from the contract
	@.venv/bin/python clients/go/generate.py $(GO_PLUGINS)

.PHONY: test-go
test-go: ## Check and test the Go client, where there is a go
	@if command -v go >/dev/null; then $(MAKE) --no-print-directory test-go-client; \
	  else echo "There is no go on this machine: the Go client was not tested"; fi

.PHONY: test-go-client
test-go-client: .venv/.synced $(GO_PLUGINS)/protoc-gen-go $(GO_PLUGINS)/protoc-gen-go-grpc
	@.venv/bin/python clients/go/generate.py --check $(GO_PLUGINS)
	@cd clients/go && unformatted=$$(gofmt -l .) && if [ -n "$$unformatted" ]; then echo "not as gofmt has it: $$unformatted"; exit 1; fi
	@cd clients/go && go vet ./...
	@cd clients/go && LOTKEEPERTEST_SERVER=$(abspath .venv/bin/lotkeeper-server) go test -race ./...
	@cd clients/go && go build -o $(abspath .tools/go/conformance) ./cmd/conformance
	@.venv/bin/python -m clients.conformance --jobs 4 --client .tools/go/conformance

.PHONY: dashboard-picture
dashboard-picture: .venv/.synced ## Draw docs/images/dashboard.svg from real data; needs Prometheus (PROMETHEUS_PROGRAMS)
	@.venv/bin/python -m tests.dashboard docs/images/dashboard.svg

.PHONY: test-http-clients
test-http-clients: .venv/.synced ## Call by HTTP with clients of Connect in Go and Node, where these are installed; needs the network
	@.venv/bin/python -m tests.http_clients

.PHONY: test-postgresql-versions
test-postgresql-versions: .venv/.synced ## Run the store's tests on PostgreSQL 16, 17 and 18; fetches them from Maven Central
	@.venv/bin/python -m tests.postgresql_versions .tools/postgresql $(VERSIONS)

.PHONY: test-conformance
test-conformance: .venv/.synced ## Have Python's clients go through the conformance suite for clients, or CLIENT='COMMAND'
	@for client in $(if $(CLIENT),"$(CLIENT)",".venv/bin/python -m clients.conformance.program" ".venv/bin/python -m clients.conformance.program_async"); do \
	  .venv/bin/python -m clients.conformance --jobs 4 --client "$$client" $(ARGS) || exit 1; done

.PHONY: test-loadtest
test-loadtest: .venv/.synced ## Load a server with tools of loadtest/ for two seconds each, and audit it; needs Go and the network
	@if command -v go >/dev/null; then \
	  for harness in go ghz locust $$(command -v h2load >/dev/null && echo h2load); do \
	    $(MAKE) --no-print-directory -C loadtest $$harness SCENARIO=hot-lot ARGS='--seconds 2' || exit 1; done; \
	else echo "Go is not installed: the load kits are not tried"; fi

.PHONY: test-java
test-java: .venv/.synced ## Test the Java client, and use it from a project outside; needs a JDK and Maven, else says so
	@PYTHONPATH=client:server:. .venv/bin/python clients/java/check.py

# Node is not of this project's environment: where it is missing, the targets say so and do nothing.
WITH_NODE := node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null && npm --version >/dev/null 2>&1 || \
  { echo "the TypeScript client is skipped: node 20 or later and npm are not here"; exit 0; }

.PHONY: clients-typescript
clients-typescript: .venv/.synced ## Generate and build the TypeScript client; needs node, npm and the network
	@$(WITH_NODE); cd clients/typescript && npm ci --silent --no-audit --no-fund && npm run --silent generate && npm run --silent build

.PHONY: test-typescript
test-typescript: .venv/.synced ## Lint and test the TypeScript client, also as a package outside; needs node, npm and the network
	@$(WITH_NODE); cd clients/typescript && npm ci --silent --no-audit --no-fund && npm run --silent generate && \
	  npm run --silent lint && npm test --silent && cd ../.. && \
	  .venv/bin/python -m clients.conformance --jobs 4 --client "node clients/typescript/build/conformance/program.js"

.PHONY: test-mariadb-11
test-mariadb-11: .venv/.synced ## Run the store's tests on MariaDB 11 without Galera, or on VERSIONS='11.4.5 system'; fetches it from Maven Central
	@.venv/bin/python -m tests.mariadb_versions .tools/mariadb $(VERSIONS)

.PHONY: test-crashes
test-crashes: .venv/.synced ## Kill the server under Python's clients, or under CLIENT='COMMAND', and audit every call
	@for client in $(if $(CLIENT),"$(CLIENT)",".venv/bin/python -m clients.crashes.program" ".venv/bin/python -m clients.crashes.program_async"); do \
	  .venv/bin/python -m clients.crashes --client "$$client" $(ARGS) || exit 1; done
