variable "DEV" { default = false }

function "major" {
  params = [version]
  result = split(".", version)[0]
}

target "app" {
  dockerfile = "Dockerfile"
  args = {
    PYTHON_VERSION = DEV ? "3.13-rc" : "3.12"
    NODE_VERSION   = major("22.1")
  }
}

target "remote" {
  context = "https://git.example.org/tools.git#main"
  args    = { GO_VERSION = "1.23" }
}
