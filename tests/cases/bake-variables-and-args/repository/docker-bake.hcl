variable "PYTHON_VERSION" {
  default = "3.12"
}

variable "REGISTRY" {
  default = "registry.example.org/shop"
}

group "default" {
  targets = ["api", "worker"]
}

target "_common" {
  args = {
    PYTHON_VERSION = PYTHON_VERSION
  }
  platforms = ["linux/amd64", "linux/arm64"]
}

target "api" {
  inherits = ["_common"]
  context  = "./api"
  tags     = ["${REGISTRY}/api:latest"]
}

target "worker" {
  inherits   = ["_common"]
  dockerfile = "worker.Dockerfile"
  tags       = ["${REGISTRY}/worker:latest"]
  args = {
    NODE_VERSION = "22"
  }
}
