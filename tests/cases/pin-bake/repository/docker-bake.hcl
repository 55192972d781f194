variable "BASE" { default = "node:24" }
target "app" {
  contexts = {
    python = "docker-image://python:3.14"
    node   = "docker-image://${BASE}"
  }
}
