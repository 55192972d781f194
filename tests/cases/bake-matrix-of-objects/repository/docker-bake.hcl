target "default" {
  name = item.name
  matrix = {
    item = [
      { name = "legacy", python = "3.11", base = "bullseye" },
      { name = "current", python = "3.12", base = "bookworm" },
    ]
  }
  args = {
    PYTHON_VERSION = item.python
    DEBIAN         = item.base
  }
}
