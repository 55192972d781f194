group "default" {
  targets = ["app"]
}

target "app" {
  context = "app"
  args = {
    NODE_VERSION = "${NODE_VERSION}-alpine"
    ALPINE       = "3.21"
    GO_VERSION   = GO_VERSION
  }
}
