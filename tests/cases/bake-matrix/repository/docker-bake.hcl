// One image a Python version.
target "app" {
  name       = "app-${replace(py, ".", "-")}"
  dockerfile = "Dockerfile"
  matrix = {
    py = ["3.11", "3.12"]
  }
  args = {
    PYTHON_VERSION = py
  }
  tags = ["example/app:py${py}"]
}
