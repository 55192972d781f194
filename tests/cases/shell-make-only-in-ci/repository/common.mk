ifdef PY_VERSION
ARGS = --build-arg PY_VERSION=$(PY_VERSION)
endif
build:
	docker buildx build \
		--build-arg PY_VERSION=$${PY_VERSION:-3.12} \
		--tag app .
