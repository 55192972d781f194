variable "PYTHON_VERSION" { default = "3.12" }

target "app" {
  args = {
    PYTHON_VERSION = PYTHON_VERSION
  }
}
