target "app" {
  name = "app-${tgt}"
  matrix = {
    tgt = [
      "20", // until April
      "22", # the default
    ]
  }
  contexts = {
    base = "docker-image://node:${tgt}-alpine"
  }
}
