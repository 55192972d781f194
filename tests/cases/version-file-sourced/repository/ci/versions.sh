#!/bin/sh
# Versions of everything.
PYTHON_VERSION="3.12"
export ALPINE_VERSION=${ALPINE_VERSION:-3.20}
